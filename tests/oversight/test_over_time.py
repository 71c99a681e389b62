"""How it went over time, in figures that say what they rest on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agentic.errors import Invalid
from agentic.vocabulary import EventType
from decisions.models import Attempt, Task
from decisions.statistics import Share
from oversight import charts
from oversight.dashboard_charts import counted, draw, high_of
from oversight.selectors.over_time import Course, Interval, ack_seconds, read_course
from oversight.selectors.sample import Seen
from oversight.spans import SPANS, span_of
from oversight.words import percent, seconds_in_words, share_in_words
from tests.decisions.floor import Floor

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HOUR = SPANS["hour"]


def course_of(*intervals: Interval, step: int = 1) -> Course:
    return Course(HOUR, list(intervals), step, 100)


def interval(
    created: int = 0, verified: int = 0, people: int = 0, decided: int = 0, *acks: float
) -> Interval:
    return Interval(NOON, created, verified, Share(people, decided), list(acks))


# The intervals.


def test_the_intervals_are_the_same_from_one_look_to_the_next() -> None:
    earlier, later = HOUR.starts(NOON), HOUR.starts(NOON + timedelta(seconds=119))
    assert earlier == later
    assert later[-1] == NOON


def test_a_moment_lies_in_one_interval_or_outside() -> None:
    starts = HOUR.starts(NOON)
    assert HOUR.place(NOON, starts) == HOUR.number - 1
    assert HOUR.place(NOON - timedelta(microseconds=1), starts) == HOUR.number - 2
    assert HOUR.place(starts[0] - timedelta(microseconds=1), starts) is None


def test_another_range_is_refused_by_name() -> None:
    with pytest.raises(Invalid) as error:
        span_of("year")
    assert "range" in error.value.members["errors"]


# What is read.


def test_it_tells_what_came_in_and_was_done_and_who_decided(floor: Floor) -> None:
    floor.bring_to("verified")
    task_id, token = floor.working()
    answer = floor.complete(task_id, token, confidence=0.4)
    floor.review(answer["decision_id"], "approve")
    newest = read_course("hour").intervals[-1]
    course = read_course("hour")
    assert sum(one.created for one in course.intervals) == 2
    assert sum(one.verified for one in course.intervals) == 2
    assert newest.by_person == Share(1, 1)
    assert course.exact


def test_it_tells_how_long_each_ack_took(floor: Floor) -> None:
    floor.working()
    before = Attempt.objects.get().acked_at
    assert before is not None
    Attempt.objects.update(assigned_at=before - timedelta(seconds=7))
    acks = [seconds for one in read_course("hour").intervals for seconds in one.acks]
    assert acks == pytest.approx([7.0])


def test_an_ack_is_that_of_its_own_attempt() -> None:
    event = Seen(EventType.TASK_ACKED, Task().pk, NOON)
    minute = timedelta(minutes=1)
    attempts = [
        (NOON - 5 * minute, NOON - 9 * minute),
        (NOON, NOON - timedelta(seconds=2)),
        (NOON + 5 * minute, NOON + 4 * minute),
    ]
    assert ack_seconds(event, attempts) == 2.0
    assert ack_seconds(event, []) is None


# What is drawn.


def test_nothing_is_said_of_nothing() -> None:
    drawn = draw(course_of(interval(), interval()))
    assert [bool(chart.empty) for chart in drawn] == [True, True, True]


def test_a_day_without_decisions_has_no_share() -> None:
    deciders = draw(course_of(interval(), interval(people=1, decided=4)))[2]
    assert [row[-1] for row in deciders.rows] == ["25 % (5 to 70 %, n = 4)", "no data yet"]


def test_what_is_estimated_says_by_how_much_it_may_be_off() -> None:
    assert counted(course_of(step=64), 100) == "≈ 6,400 ± 1,300"
    assert counted(course_of(), 6400) == "6,400"


def test_a_95th_percentile_takes_twenty() -> None:
    assert high_of([1.0] * 19) is None
    assert high_of([1.0] * 20) == 1.0


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    drawn = charts.line("line-main", [1.0, None, 2.0, 2.0], top=2.0)
    assert drawn.path.count("M") == 2
    assert drawn.dots.count("M") == 3


def test_bars_stand_on_each_other_and_fill_what_is_there() -> None:
    lower, upper = charts.stacked(["a", "b"], [[1.0], [3.0]], top=4.0)
    assert lower.path == "M60.0 160.0v-40.0h480.0v40.0z"
    assert upper.path == "M60.0 120.0v-120.0h480.0v120.0z"


def test_what_is_not_there_has_no_bar() -> None:
    lower, upper = charts.stacked(["a", "b"], [[0.0, 1.0], [1.0, 0.0]], top=1.0)
    assert [one.path.count("M") for one in (lower, upper)] == [1, 1]


@pytest.mark.parametrize(
    ("most", "top"), [(0, 1), (0.3, 0.5), (1, 1), (3, 5), (19, 20), (51, 100), (2001, 5000)]
)
def test_a_chart_ends_at_a_round_figure(most: float, top: float) -> None:
    assert charts.round_top([None, most]) == pytest.approx(top)


# Words.


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.0, "0 ms"), (0.25, "250 ms"), (1.5, "1.5 s"), (90, "90 s"), (300, "5 min"), (7200, "2 h")],
)
def test_times_have_the_unit_that_fits(seconds: float, words: str) -> None:
    assert seconds_in_words(seconds) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "0 %"), (0.001, "< 1 %"), (0.5, "50 %"), (0.999, "> 99 %"), (1.0, "100 %")],
)
def test_almost_all_is_not_all(share: float, words: str) -> None:
    assert percent(share) == words


def test_a_share_of_nothing_is_no_figure() -> None:
    assert share_in_words(Share(0, 0)) == "no data yet"
    assert share_in_words(Share(5, 10)) == "50 % (24 to 76 %, n = 10)"
