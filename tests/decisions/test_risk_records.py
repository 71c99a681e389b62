"""What was known of an agent at a moment: nothing that was said later, whatever it was about."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from decisions.learning.examples import Rows, Verdicts
from decisions.learning.features import Records, Tally
from decisions.learning.record import Book, as_of, said_in

# By moment: agent, task type, whether it was wrong, and what it stands for.
TOLD = [
    (10, "ann", "digits", True, 1.0),
    (20, "bob", "digits", False, 1.0),
    (30, "ann", "letters", False, 20.0),
    (40, "ann", "digits", False, 1.0),
]


def history(told: list[Any] = TOLD) -> Verdicts:
    at, agents, types, wrong, weight = zip(*told, strict=True)
    return Verdicts(
        numpy.array(agents, object), numpy.array(types, object), numpy.array(at), numpy.array(wrong),
        numpy.array(weight),
    )  # fmt: skip


def rows(*asked: tuple[int, str, str]) -> Rows:
    at, agents, types = zip(*asked, strict=True)
    none = numpy.zeros(len(at))
    return Rows(
        numpy.array(agents, object), numpy.array(types, object), none, none, none, none, none, numpy.array(at)
    )  # fmt: skip


def told_of(records: Records, place: int) -> Records:
    return Records(*(Tally(*(float(column[place]) for column in tally)) for tally in records))


def test_each_decision_is_made_on_what_was_said_before_it() -> None:
    records = as_of(
        rows((5, "ann", "digits"), (25, "ann", "digits"), (99, "ann", "digits")), history()
    )
    assert told_of(records, 0) == Records()
    assert told_of(records, 1) == Records(Tally(1, 2, 2), Tally(1, 1, 1), Tally(1, 1, 1))
    assert told_of(records, 2) == Records(Tally(1, 23, 4), Tally(1, 22, 3), Tally(1, 2, 2))


def test_a_verdict_of_the_very_moment_does_not_count_yet() -> None:
    at, later = (
        told_of(as_of(rows((moment, "ann", "digits")), history()), 0) for moment in (10, 11)
    )
    assert (at.agent.n, later.agent.n) == (0, 1)


def test_later_verdicts_change_nothing_of_what_was_known() -> None:
    asked = rows((25, "ann", "digits"), (25, "bob", "letters"), (41, "ann", "letters"))
    more = [*TOLD, (41, "ann", "letters", True, 1.0), (50, "bob", "letters", True, 9.0)]
    for place in range(3):
        assert told_of(as_of(asked, history(more)), place) == told_of(
            as_of(asked, history()), place
        )


def test_who_was_never_judged_has_an_empty_record() -> None:
    found = told_of(as_of(rows((99, "eve", "digits")), history()), 0)
    assert (found.agent, found.agent_and_type) == (Tally(), Tally())
    assert found.everyone.n == 4


@pytest.mark.parametrize("until", [0, 10, 31, 100])
def test_a_book_says_the_same_as_the_history_until_then(until: int) -> None:
    book = Book()
    book.add(said_in(history(), until))
    for agent, task_type in (("ann", "digits"), ("ann", "letters"), ("bob", "digits")):
        assert book.of(agent, task_type) == told_of(
            as_of(rows((until, agent, task_type)), history()), 0
        )


def test_many_agents_and_types_are_kept_apart() -> None:
    random = numpy.random.default_rng(7)
    told = sorted(
        (int(at), f"agent {random.integers(9)}", f"type {random.integers(4)}", bool(random.random() < 0.3), 1.0)
        for at in random.integers(0, 1000, 400)
    )  # fmt: skip
    for at, agent, task_type in (
        (1, "agent 0", "type 0"),
        (500, "agent 3", "type 2"),
        (999, "agent 8", "type 3"),
    ):
        found = told_of(as_of(rows((at, agent, task_type)), history(told)), 0)
        before = [one for one in told if one[0] < at]
        mine = [one for one in before if one[1] == agent]
        same = [one for one in mine if one[2] == task_type]
        assert [tally.n for tally in found] == [len(before), len(mine), len(same)]
        assert found.agent_and_type.wrong == sum(one[3] for one in same)
