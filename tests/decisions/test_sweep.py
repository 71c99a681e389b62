"""The sweep: what is due moves on, once, whatever else happens at the same time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from agentic.actors import Actor
from agentic.clock import Now, database_now
from agentic.models import Event
from agentic.transitions import move_many
from agents.models import Agent, AgentStatus
from agents.services import set_status
from decisions import moves, tasks
from decisions import sweep as sweeping
from decisions.models import TASKS, Attempt, Decision, Escalation, Task
from decisions.retries import next_step
from decisions.services import effects
from decisions.shapes import RetryPolicy
from decisions.sweep import sweep
from decisions.work import Work, load_in_turn, load_one
from tests.decisions.floor import (
    Floor,
    everything,
    let_pass,
    pending,
    row,
    sound,
    state_of,
    story,
    told,
)
from tests.decisions.threads import at_once, in_background, uncommitted

on_postgres = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)
for_real = pytest.mark.django_db(transaction=True)


def due(floor: Floor, state: str, **values: Any) -> UUID:
    """A task in `state` whose timer has run out."""
    task_id, _ = floor.bring_to(state, **values)
    let_pass(task_id)
    return task_id


def silent(floor: Floor) -> None:
    Agent.objects.filter(pk=floor.agent.pk).update(silent_at=Now() - timedelta(seconds=1))


def seconds_until_due(task_id: UUID) -> float:
    due_at = row(task_id).due_at
    assert due_at is not None
    return (due_at - database_now()).total_seconds()


# What is due moves on.


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("assigned", "ack_missed"), ("acked", "lease_lost"), ("in_progress", "lease_lost")],
)
def test_a_silent_attempt_ends_and_the_task_is_retried(
    floor: Floor, state: str, outcome: str
) -> None:
    task_id = due(floor, state)
    sweep()
    assert (state_of(task_id), row(task_id).retry_count) == ("queued", 1)
    assert Attempt.objects.get(task=task_id).outcome == outcome
    assert story(task_id)[-1] == "task.retried"
    assert told(task_id)["late_seconds"] >= 60
    sound(task_id)


def test_a_retry_waits_for_its_backoff(floor: Floor) -> None:
    task_id = due(floor, "in_progress", retry_policy=RetryPolicy(initial_interval=1000))
    sweep()
    assert 800 < seconds_until_due(task_id) <= 1000
    sweep()
    assert story(task_id)[-1] == "task.retried"


def test_a_failed_task_is_retried_when_its_backoff_has_passed(floor: Floor) -> None:
    task_id, _ = floor.bring_to("failed")
    sweep()
    assert state_of(task_id) == "failed"
    let_pass(task_id)
    sweep()
    assert (state_of(task_id), row(task_id).retry_count) == ("queued", 1)
    assert [task["id"] for task in floor.claim()] == [task_id]
    sound(task_id)


def test_after_exactly_so_many_retries_a_person_looks(floor: Floor) -> None:
    task_id = floor.queue(max_retries=2)
    for _ in range(3):
        let_pass(task_id)
        floor.take(task_id)
        let_pass(task_id)
        sweep()
    assert story(task_id).count("task.retried") == 2
    assert (state_of(task_id), row(task_id).retry_count) == ("escalated", 2)
    assert told(task_id)["reason"].endswith("all 2 retries are used up")
    sound(task_id)


def test_an_error_that_is_not_to_be_retried_goes_to_a_person_at_the_next_tick(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.fail(task_id, token, retryable=False)
    sweep()
    assert state_of(task_id) == "escalated"
    assert Escalation.objects.get(task=task_id).reason.startswith("ValueError: it broke;")


def test_an_overdue_review_goes_to_a_person_as_a_whole(floor: Floor) -> None:
    task_id = due(floor, "completed")
    decision = pending(task_id)
    sweep()
    decision.refresh_from_db()
    assert (state_of(task_id), decision.status) == ("escalated", "expired")
    assert told(task_id)["reason"] == "nobody reviewed the result in time"
    sound(task_id)


def test_an_escalation_rises_a_level_each_time_nobody_acts(floor: Floor) -> None:
    task_id = due(floor, "escalated")
    for level in (2, 3):
        let_pass(task_id)
        sweep()
        assert Escalation.objects.get(task=task_id).level == level
        assert (told(task_id)["level"], state_of(task_id)) == (level, "escalated")
    assert seconds_until_due(task_id) > 0
    sound(task_id)


def test_a_queued_task_whose_backoff_has_passed_is_offered_to_a_free_agent(floor: Floor) -> None:
    task_id = due(floor, "queued")
    floor.appear()
    sweep()
    assert (state_of(task_id), row(task_id).assigned_agent_id) == ("assigned", floor.agent.pk)
    sound(task_id)


def test_a_queued_task_that_nobody_can_take_waits_to_be_claimed(floor: Floor) -> None:
    task_id = due(floor, "queued")
    with floor.away():
        sweep()
        assert (state_of(task_id), row(task_id).due_at) == ("queued", None)
        assert sweep() == 0
    assert [task["id"] for task in floor.claim()] == [task_id]


def test_what_is_offered_never_exceeds_what_the_agent_holds(floor: Floor) -> None:
    with floor.away():
        ids = [floor.create() for _ in range(6)]
    for task_id in ids:
        let_pass(task_id)
    floor.appear()
    sweep()
    states = [state_of(task_id) for task_id in ids]
    assert states == ["assigned"] * 4 + ["queued"] * 2


@pytest.mark.parametrize("state", ["assigned", "acked", "in_progress"])
def test_the_tasks_of_a_silent_agent_move_on_at_once(floor: Floor, state: str) -> None:
    task_id, _ = floor.bring_to(state)
    silent(floor)
    sweep()
    assert (state_of(task_id), row(task_id).retry_count) == ("queued", 1)
    assert Attempt.objects.get(task=task_id).outcome == "agent_offline"
    agent = Agent.objects.get(pk=floor.agent.pk)
    assert (agent.status, agent.silent_at) == ("offline", None)
    sound(task_id)


def test_the_tasks_of_an_agent_that_is_taken_offline_move_on(floor: Floor) -> None:
    task_id, _ = floor.working()
    set_status(actor=floor.operator, agent_id=floor.agent.pk, status=AgentStatus.OFFLINE)
    sweep()
    assert (state_of(task_id), told(task_id)["outcome"]) == ("queued", "agent_offline")
    sound(task_id)


def test_a_silent_agent_without_retries_left_leaves_its_task_to_a_person(floor: Floor) -> None:
    task_id, _ = floor.working(max_retries=0)
    silent(floor)
    sweep()
    assert (state_of(task_id), Attempt.objects.get(task=task_id).outcome) == (
        "escalated",
        "agent_offline",
    )
    sound(task_id)


def test_an_agent_in_maintenance_keeps_what_it_has(floor: Floor) -> None:
    task_id, _ = floor.working()
    with floor.away():
        sweep()
        assert state_of(task_id) == "in_progress"


def test_an_overdue_proposal_goes_to_a_person_and_stops_the_agent(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.propose(task_id, token)
    Decision.objects.filter(task=task_id).update(due_at=Now() - timedelta(seconds=1))
    sweep()
    assert (state_of(task_id), Decision.objects.get(task=task_id).status) == (
        "escalated",
        "expired",
    )
    assert told(task_id)["reason"] == "nobody reviewed the proposal in time"
    sound(task_id)


def test_an_overdue_proposal_of_a_suspended_task_goes_to_a_person(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.propose(task_id, token)
    floor.suspend(task_id, token, until="decision")
    Decision.objects.filter(task=task_id).update(due_at=Now() - timedelta(seconds=1))
    sweep()
    assert state_of(task_id) == "escalated"


# Once, and no more.


def test_a_second_sweep_writes_nothing(floor: Floor) -> None:
    states = ("queued", "assigned", "acked", "in_progress", "completed", "escalated")
    ids = [floor.bring_to(state)[0] for state in states]
    for task_id in ids:
        let_pass(task_id)
    silent(floor)
    assert sweep() > 0
    before = everything()
    assert sweep() == 0
    assert everything() == before


def test_a_sweep_with_nothing_due_asks_one_question(
    floor: Floor, django_assert_num_queries: Any
) -> None:
    floor.working()
    sweep()
    with django_assert_num_queries(1):
        assert sweep() == 0


@on_postgres
@for_real
def test_two_sweeps_at_once_move_each_row_once(floor: Floor) -> None:
    ids = [due(floor, state) for state in ("escalated", "completed") for _ in range(20)]
    before = Event.objects.filter(entity_type="task").count()
    at_once(*[sweep] * 4)
    assert Event.objects.filter(entity_type="task").count() == before + len(ids)
    levels = Escalation.objects.values_list("level", flat=True)
    assert sorted(levels) == [1] * 20 + [2] * 20
    for task_id in ids:
        sound(task_id)


@on_postgres
@for_real
def test_sweeps_at_once_never_give_an_agent_more_than_it_holds(floor: Floor) -> None:
    with floor.away():
        ids = [floor.create() for _ in range(10)]
    for task_id in ids:
        let_pass(task_id)
    floor.appear()
    at_once(*[sweep] * 4)
    states = [state_of(task_id) for task_id in ids]
    assert sorted(states) == ["assigned"] * 4 + ["queued"] * 6
    for task_id in ids:
        sound(task_id)


@on_postgres
@for_real
def test_a_row_that_somebody_else_holds_is_left_for_the_next_tick(floor: Floor) -> None:
    held, free = due(floor, "in_progress"), due(floor, "in_progress")
    with uncommitted(partial(load_one, held, lock=True)), in_background(sweep) as swept:
        assert swept.result(20) == 1
        assert (state_of(held), state_of(free)) == ("in_progress", "queued")
    sweep()
    assert state_of(held) == "queued"


@on_postgres
@for_real
def test_a_lease_whose_renewal_is_about_to_commit_is_not_taken_away(floor: Floor) -> None:
    task_id, token = floor.working()
    let_pass(task_id)
    with uncommitted(partial(floor.beat, task_id, token)):
        assert alone_in_thread(sweep) == 0
    assert sweep() == 0
    assert state_of(task_id) == "in_progress"
    sound(task_id)


def alone_in_thread(call: Callable[[], Any]) -> Any:
    with in_background(call) as future:
        return future.result(20)


def test_a_lease_that_was_renewed_after_the_look_is_not_taken_away(floor: Floor) -> None:
    task_id, token = floor.working()
    let_pass(task_id)
    work = load_one(task_id)
    asked = moves.from_step(work, next_step(work, work.now), work.now)
    floor.beat(task_id, token)
    assert move_many(TASKS, [asked], actor=floor.actor) == [None]
    assert (state_of(task_id), story(task_id)[-1]) == ("in_progress", "task.started")
    sound(task_id)


def test_the_sweep_leaves_a_lease_that_is_renewed_while_it_reads(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, token = floor.working()
    let_pass(task_id)

    def renewed_meanwhile(found: Sequence[UUID]) -> list[Work]:
        works = load_in_turn(found)
        floor.beat(task_id, token)
        return works

    monkeypatch.setattr(sweeping, "load_in_turn", renewed_meanwhile)
    sweep()
    assert (state_of(task_id), row(task_id).retry_count) == ("in_progress", 0)
    sound(task_id)


def test_a_verdict_that_comes_while_the_sweep_reads_is_in_time(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, token = floor.working()
    decision_id = floor.propose(task_id, token)["decision_id"]
    Decision.objects.filter(pk=decision_id).update(due_at=Now() - timedelta(seconds=1))

    def decided_meanwhile(found: Sequence[UUID]) -> list[Work]:
        floor.review(decision_id, "approve")
        return load_in_turn(found)

    monkeypatch.setattr(sweeping, "load_in_turn", decided_meanwhile)
    sweep()
    assert (state_of(task_id), Decision.objects.get().status) == ("in_progress", "approved")


# Bad rows.


def poisoned(monkeypatch: pytest.MonkeyPatch, task_id: UUID) -> None:
    """Whoever tries to move this task fails."""

    def refuse(machine: Any, asked: Sequence[Any], *, actor: Actor) -> Any:
        if any(move.pk == task_id for move in asked):
            raise ValueError("poison")
        return move_many(machine, asked, actor=actor)

    monkeypatch.setattr(effects, "move_many", refuse)


def test_a_bad_row_does_not_stop_the_others(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bad, *good = [due(floor, "in_progress") for _ in range(3)]
    poisoned(monkeypatch, bad)
    sweep()
    assert [state_of(task_id) for task_id in (bad, *good)] == ["in_progress", "queued", "queued"]
    assert f"task {bad} cannot be moved" in caplog.text
    assert 0 < seconds_until_due(bad) <= 60
    assert sweep() == 0


def test_a_bad_row_moves_on_when_it_is_good_again(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = due(floor, "in_progress")
    with monkeypatch.context() as patch:
        poisoned(patch, bad)
        sweep()
    let_pass(bad)
    sweep()
    assert state_of(bad) == "queued"
    sound(bad)


def test_a_row_whose_data_make_no_sense_does_not_stop_the_others(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    good, bad = due(floor, "in_progress"), due(floor, "queued")
    Task.objects.filter(pk=bad).update(excluded_agents=["not an id"])
    floor.appear()
    sweep()
    assert state_of(good) == "queued"
    assert f"task {bad} cannot be moved" in caplog.text
    assert seconds_until_due(bad) > 0


def test_a_lost_escalation_is_reported_and_stops_nobody(
    floor: Floor, caplog: pytest.LogCaptureFixture
) -> None:
    bad, good = due(floor, "escalated"), due(floor, "escalated")
    Escalation.objects.filter(task=bad).delete()
    sweep()
    assert Escalation.objects.get(task=good).level == 2
    assert f"task {bad} cannot be moved" in caplog.text
    assert sweep() == 0


def test_a_bad_row_of_a_silent_agent_does_not_stop_the_others(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bad, _), (good, _) = floor.working(), floor.working()
    poisoned(monkeypatch, bad)
    silent(floor)
    sweep()
    assert (state_of(bad), state_of(good)) == ("in_progress", "queued")
    monkeypatch.undo()
    sweep()
    assert state_of(bad) == "queued"


def test_a_row_that_ended_while_others_were_tried_is_left_alone(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row by row, each is looked at anew: what has a result meanwhile is not sent back."""
    task_id, token = floor.working()
    silent(floor)
    take = sweeping.take

    def completed_meanwhile(found: QuerySet[Task]) -> list[Work]:
        monkeypatch.setattr(sweeping, "take", completes_first)
        raise ValueError("the whole chunk fails")

    def completes_first(found: QuerySet[Task]) -> list[Work]:
        floor.complete(task_id, token)
        return take(found)

    monkeypatch.setattr(sweeping, "take", completed_meanwhile)
    sweep()
    assert state_of(task_id) == "completed"
    sound(task_id)


def test_a_bad_row_that_ended_meanwhile_is_not_pushed_ahead(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = due(floor, "in_progress")

    def overridden_meanwhile(found: QuerySet[Task]) -> list[Work]:
        raise ValueError("poison")

    def report(*args: Any) -> None:
        if state_of(task_id) != "verified":
            floor.override(task_id)

    monkeypatch.setattr(sweeping, "take", overridden_meanwhile)
    monkeypatch.setattr(sweeping.logger, "exception", report)
    sweep()
    assert (state_of(task_id), row(task_id).due_at) == ("verified", None)


# Clocks and bounds.


@contextmanager
def clock_off_by(hours: int) -> Any:
    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        yield


@on_postgres
@pytest.mark.parametrize("hours", [-1, 1])
def test_the_workers_clock_changes_nothing(floor: Floor, hours: int) -> None:
    waits, late = floor.working()[0], due(floor, "in_progress")
    with clock_off_by(hours):
        assert sweep() == 1
        assert sweep() == 0
    assert (state_of(waits), state_of(late)) == ("in_progress", "queued")
    assert -1 < seconds_until_due(late) <= 1
    assert told(late)["late_seconds"] < 120


@on_postgres
@pytest.mark.parametrize("hours", [-1, 1])
def test_deadlines_are_set_by_the_databases_clock(floor: Floor, hours: int) -> None:
    floor.appear()
    with clock_off_by(hours):
        task_id = floor.create()
        token = floor.take(task_id)
        assert 0 < seconds_until_due(task_id) <= 30
        floor.ack(task_id, token, start=True)
        floor.beat(task_id, token)
        assert sweep() == 0
    assert 0 < seconds_until_due(task_id) <= 30


@pytest.fixture
def small_ticks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "CHUNK", 2)
    monkeypatch.setattr(sweeping, "MOST_PER_TICK", 4)
    monkeypatch.setattr(tasks, "MOST_PER_TICK", 4)


def test_a_tick_is_bounded(floor: Floor, small_ticks: None) -> None:
    for _ in range(7):
        due(floor, "completed")
    assert [sweep(), sweep(), sweep()] == [4, 3, 0]
    assert Task.objects.filter(state="escalated").count() == 7


def test_a_tick_that_leaves_something_hands_on_at_once(
    floor: Floor, small_ticks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_on: list[bool] = []
    monkeypatch.setattr(tasks.sweep, "delay", lambda: handed_on.append(True))
    for _ in range(5):
        due(floor, "completed")
    tasks.sweep()
    assert handed_on == [True]
    tasks.sweep()
    assert handed_on == [True]


def test_what_is_due_longest_comes_first(floor: Floor, small_ticks: None) -> None:
    ids = [due(floor, "completed") for _ in range(6)]
    for place, task_id in enumerate(ids):
        let_pass(task_id, beyond=100 + place)
    sweep()
    assert [state_of(task_id) for task_id in ids] == ["completed"] * 2 + ["escalated"] * 4


def test_many_agents_that_fall_silent_are_looked_at_in_chunks(
    floor: Floor, small_ticks: None
) -> None:
    others = [floor.hire(f"helper {number}") for number in range(5)]
    held = [other.bring_to("assigned", assigned_agent_id=other.agent.pk)[0] for other in others]
    Agent.objects.update(silent_at=Now() - timedelta(seconds=1))
    while sweep():
        pass
    assert not Agent.objects.exclude(status="offline").exists()
    assert {state_of(task_id) for task_id in held} == {"queued"}
