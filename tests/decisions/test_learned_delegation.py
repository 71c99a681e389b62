"""The strategy that learns, with the platform around it: what counts as an outcome, and what the event says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from msgspec.structs import replace

from agentic.clock import database_now
from agentic.models import User
from agents.strategies import Choice
from agents.thompson import NO_RECORDS, Outcomes, Records
from decisions import outcomes, shapes
from decisions.models import Decision, Feedback, Review
from decisions.services import assignment
from decisions.services.feedback import give_feedback
from decisions.work import load_one
from tests.conftest import Api
from tests.decisions.floor import Floor, told

ClientFor = Callable[[User | str | None], Api]


@pytest.fixture(autouse=True)
def learned(settings: Any) -> None:
    settings.DELEGATION_STRATEGY = "learned"


def proposed(floor: Floor, confidence: float = 0.1) -> UUID:
    """A result about which a person is asked."""
    task_id, token = floor.working()
    floor.complete(task_id, token, confidence=confidence)
    return Decision.objects.values_list("pk", flat=True).get(task=task_id)


def outcomes_of(floor: Floor) -> Outcomes:
    return outcomes.read_records().of(floor.agent.pk, "default")


def turned_out(floor: Floor, decision_id: UUID, *, correct: bool) -> None:
    said = shapes.FeedbackRequest("outcome_result", correct=correct, decision_id=decision_id)
    task_id = Decision.objects.values_list("task_id", flat=True).get(pk=decision_id)
    give_feedback(task_id, actor=floor.operator, told=said)


def test_verdicts_are_outcomes_and_an_answer_by_text_is_none(floor: Floor) -> None:
    floor.review(proposed(floor), "approve")
    floor.review(proposed(floor), "edit", proposal={"label": 8})
    floor.review(proposed(floor), "respond", reason="look again")
    assert outcomes_of(floor)[:2] == (1, 2)


def test_what_nobody_reviewed_is_not_right(floor: Floor) -> None:
    proposed(floor, confidence=1.0)
    proposed(floor)
    assert outcomes_of(floor) == Outcomes()


def test_what_was_drawn_stands_for_those_that_were_not(floor: Floor) -> None:
    drawn, asked = proposed(floor), proposed(floor)
    Decision.objects.filter(pk=drawn).update(route="sample", audit_probability=0.1)
    Decision.objects.filter(pk=asked).update(route="person")
    floor.review(drawn, "approve")
    floor.review(asked, "edit", proposal={"label": 8})
    found = outcomes_of(floor)
    assert found[:2] == (1, 2)
    assert found.share == pytest.approx(10 / 11)
    assert found.weight < 121 / 101 + 1e-9  # Kish: (10 + 1)² / (10² + 1²)


def test_a_told_outcome_counts_and_of_several_the_last(floor: Floor) -> None:
    decision_id = proposed(floor, confidence=1.0)
    turned_out(floor, decision_id, correct=False)
    assert outcomes_of(floor)[:2] == (0, 1)
    turned_out(floor, decision_id, correct=True)
    assert outcomes_of(floor)[:2] == (1, 1)
    turned_out(floor, proposed(floor, confidence=1.0), correct=False)
    assert outcomes_of(floor)[:2] == (1, 2)


def test_what_a_person_judged_is_not_counted_again(floor: Floor) -> None:
    decision_id = proposed(floor)
    floor.review(decision_id, "approve")
    turned_out(floor, decision_id, correct=False)
    assert outcomes_of(floor)[:2] == (1, 1)


def test_old_outcomes_lose_weight_and_are_forgotten(floor: Floor) -> None:
    floor.review(proposed(floor), "approve")
    fresh = outcomes_of(floor).weight
    for days, share in ((42, 0.5), (84, 0.2)):
        Review.objects.update(created_at=database_now() - timedelta(days=days))
        assert 0 < outcomes_of(floor).weight < fresh * share
    Review.objects.update(created_at=database_now() - timedelta(days=91))
    assert outcomes_of(floor) == Outcomes()


def test_the_event_holds_the_probability_and_says_what_it_rests_on(floor: Floor) -> None:
    floor.review(proposed(floor), "approve")
    floor.hire("other")
    floor.appear()
    said = told(floor.create())
    assert said["strategy"] == "learned"
    assert 0 < said["probability"] < 1
    assert "drawn 0." in said["reason"]
    assert said["reason"].endswith("2 agents could")


def test_who_cannot_do_it_or_is_full_is_not_chosen(floor: Floor) -> None:
    able = floor.hire("able", "letters", at_once=1)
    floor.appear()
    said = told(floor.create(required_capabilities=["letters"]))
    assert (said["agent"], said["probability"]) == ("able", 1)
    again = floor.create(required_capabilities=["letters"])
    assert load_one(again).assigned_agent_id is None
    assert able.agent.name == "able"


def test_a_pull_has_no_probability(floor: Floor) -> None:
    task_id = floor.queue()
    floor.take(task_id)
    assert "probability" not in told(task_id)


def test_a_draw_is_upheld_where_the_agent_still_has_room_and_else_not_repeated(
    floor: Floor,
) -> None:
    floor.appear()
    first, second = (load_one(floor.queue()) for _ in range(2))
    (free,) = assignment.read_candidates()
    choice = Choice(free.agent_id, free.name, "learned", "drawn", 0.25)
    (kept,) = assignment.chosen_again([first], {first.id: choice}, [free]).values()
    assert kept.probability == 0.25
    nearly = outcomes_left(free, 1)
    both = {first.id: choice, second.id: choice}
    assert list(assignment.chosen_again([first, second], both, [nearly])) == [first.id]
    assert assignment.chosen_again([first], both, []) == {}


def outcomes_left(candidate: Any, room: int) -> Any:
    return replace(candidate, load=candidate.capacity - room)


def test_the_record_is_read_by_two_queries_at_most_every_few_seconds(floor: Floor) -> None:
    for _ in range(3):
        floor.review(proposed(floor), "approve")
    outcomes.kept.forget()
    with CaptureQueriesContext(connection) as first:
        outcomes.kept.get()
    with CaptureQueriesContext(connection) as then:
        outcomes.kept.get()
    reads = [query for query in first if "GROUP BY" in query["sql"]]
    assert (len(reads), len(then)) == (2, 0)


def test_a_record_that_takes_long_to_read_is_read_seldom(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    reads: list[float] = []

    def read() -> Records:
        reads.append(clock[0])
        clock[0] += 0.5
        return NO_RECORDS

    monkeypatch.setattr(outcomes, "read_records", read)
    monkeypatch.setattr(outcomes, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    outcomes.kept.forget()
    for _ in range(110):
        outcomes.kept.get()
        clock[0] += 1
    outcomes.kept.forget()
    assert reads == [100, 150.5, 201]


def test_a_record_that_cannot_be_read_stops_no_task(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.appear()
    unreadable = Review.objects.extra(where=["there_is_no_such_column"])
    monkeypatch.setattr(outcomes, "verdicts", lambda since: unreadable)
    outcomes.kept.forget()
    assert told(floor.create())["strategy"] == "learned"


@pytest.mark.parametrize("agents", [1, 4])
def test_delegation_costs_the_same_queries_whoever_is_there(
    floor: Floor, settings: Any, agents: int
) -> None:
    for number in range(agents):
        floor.hire(f"other-{number}")
    outcomes.kept.get()
    counts = []
    for strategy in ("learned", "capability_match"):
        settings.DELEGATION_STRATEGY = strategy
        with CaptureQueriesContext(connection) as queries:
            floor.create()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert not Feedback.objects.exists()
