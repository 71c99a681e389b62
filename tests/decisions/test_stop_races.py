"""Real transactions on PostgreSQL: no assignment slips past a stop, however the two meet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from agentic.actors import Actor
from agentic.errors import DomainError
from agents.models import Agent
from decisions import shapes
from decisions.models import Attempt, Stop, StopScope, Task
from decisions.services import stops
from decisions.services.calls import carry_out_batch
from decisions.services.creation import create_tasks
from decisions.services.stops import Thrown, lift_stop, set_stop
from decisions.states import HELD
from decisions.sweep import sweep
from decisions.work import lock_rows
from tests.decisions.floor import Floor, activate_policy, sound, state_of
from tests.decisions.threads import alone, at_once, behind, uncommitted, wait_until_blocked

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]
SCOPES = list(StopScope)
MANY = 150


def throw(floor: Floor, scope: str) -> Thrown:
    targets: dict[str, dict[str, Any]] = {
        StopScope.AGENT: {"agent_id": floor.agent.pk},
        StopScope.TASK_TYPE: {"task_type": "default"},
    }
    about = targets.get(scope, {})
    return set_stop(actor=floor.operator, scope=StopScope(scope), reason="stop it", **about)


def by_claim(floor: Floor, task_id: UUID) -> Any:
    return floor.claim(10)


def by_hand(floor: Floor, task_id: UUID) -> Any:
    return floor.patch(task_id, "assigned", agent_id=str(floor.agent.pk))


def by_push(floor: Floor, task_id: UUID) -> Any:
    return floor.create()


def by_sweep(floor: Floor, task_id: UUID) -> Any:
    Task.objects.filter(pk=task_id).update(due_at=timezone.now())
    return sweep()


WAYS: list[Callable[[Floor, UUID], Any]] = [by_claim, by_hand, by_push, by_sweep]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scope", SCOPES)
class TestOrder:
    def test_what_is_assigned_just_before_is_taken_back(
        self, floor: Floor, scope: str, way: Callable[[Floor, UUID], Any]
    ) -> None:
        task_id = floor.queue()
        floor.appear()
        thrown = behind(partial(way, floor, task_id), partial(throw, floor, scope))
        assert thrown.taken_back == 1
        assert nothing_held()

    def test_what_comes_while_it_is_set_sees_it(
        self, floor: Floor, scope: str, way: Callable[[Floor, UUID], Any]
    ) -> None:
        task_id = floor.queue()
        floor.appear()
        behind(partial(throw, floor, scope), partial(way, floor, task_id))
        assert nothing_held()
        assert not Attempt.objects.exists()


def nothing_held() -> bool:
    return not Task.objects.filter(state__in=HELD).exists()


@pytest.mark.parametrize("scope", SCOPES)
def test_a_storm_of_claims_leaves_nothing_behind(floor: Floor, scope: str) -> None:
    """Eight at once claim, ack, finish and are pushed to while the stop falls; afterwards nothing is held."""
    activate_policy(threshold=0)
    crew = [floor, *(floor.hire(f"agent {number}") for number in range(5))]
    crew = crew[:1] if scope == StopScope.AGENT else crew
    for _ in range(4):
        ids = [floor.queue() for _ in range(24)]
        claims = [partial(work, agent) for agent in crew] + [partial(floor.create)]
        *_, thrown = at_once(*claims, partial(throw, floor, scope))
        held = Task.objects.filter(state__in=HELD)
        if scope == StopScope.AGENT:
            held = held.filter(assigned_agent=floor.agent.pk)
        assert not held.exists(), thrown
        for agent in crew:
            assert agent.claim(10) == []
        for task_id in ids:
            sound(task_id)
        lift_stop(actor=floor.operator, stop_id=thrown.stop.pk, reason="go on")


def work(floor: Floor) -> int:
    """As an agent does: whatever it is refused, it goes on to the next."""
    done = 0
    for _ in range(6):
        for task in floor.claim(3):
            try:
                floor.ack(task["id"], task["lease_token"], start=True)
                floor.complete(task["id"], task["lease_token"], confidence=1.0)
                done += 1
            except DomainError as error:
                assert error.code == "lease_lost"  # noqa: PT017 - nothing else may happen
    return done


@pytest.mark.parametrize("scope", SCOPES)
def test_no_write_that_begins_after_the_commit_succeeds(
    floor: Floor, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its agent calls without a pause, one by one and in batches, while the stop falls and the rows are taken back."""
    leases = held(floor)
    committed, over = moments_of_commits(monkeypatch), threading.Event()
    with ThreadPoolExecutor(4) as pool:
        sizes = (1, 1, MANY // 2, MANY)
        callers = [
            pool.submit(alone, partial(call_on, floor, leases[:size], over)) for size in sizes
        ]
        began = time.perf_counter()
        thrown = throw(floor, scope)
        over.set()
        won = [moment for caller in callers for moment in caller.result(20)]
    assert committed[0] - began < 1
    assert [moment for moment in won if moment > committed[0]] == []
    assert (thrown.taken_back, nothing_held()) == (MANY, True)
    call_command("verify_events")


def held(floor: Floor) -> list[tuple[UUID, UUID]]:
    """Many tasks at work, with their leases."""
    Agent.objects.filter(pk=floor.agent.pk).update(max_concurrent_tasks=MANY)
    with floor.away():
        create_tasks([shapes.NewTask(title="x")] * MANY, actor=floor.operator)
    leases = [(task["id"], task["lease_token"]) for task in floor.claim(MANY)]
    acks = [shapes.Ack(task_id=pk, lease_token=token, start=True) for pk, token in leases]
    carry_out_batch(acks, agent_id=floor.agent.pk, actor=floor.actor)
    return leases


def call_on(floor: Floor, leases: list[tuple[UUID, UUID]], over: threading.Event) -> list[float]:
    """When the calls began that were carried out. It goes on until it is told, whatever it is refused."""
    beats = [shapes.Heartbeat(task_id=pk, lease_token=token) for pk, token in leases]
    won = []
    while not over.is_set():
        began = time.perf_counter()
        answers = carry_out_batch(beats, agent_id=floor.agent.pk, actor=floor.actor)
        errors = [answer for answer in answers if isinstance(answer, DomainError)]
        assert {error.code for error in errors} <= {"lease_lost"}
        if len(errors) < len(answers):
            won.append(began)
    return won


def moments_of_commits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """At which stops were committed, from now on."""
    moments: list[float] = []
    put_down = stops.throw

    def timed(stop: Stop, actor: Actor) -> Stop:
        put_down(stop, actor)
        moments.append(time.perf_counter())
        return stop

    monkeypatch.setattr(stops, "throw", timed)
    return moments


@pytest.mark.parametrize("scope", SCOPES)
def test_of_two_stops_at_once_one_is_set(floor: Floor, scope: str) -> None:
    answers = at_once(*[partial(throw, floor, scope)] * 4)
    assert sorted(getattr(answer, "status", 200) for answer in answers) == [200, 409, 409, 409]
    assert Stop.objects.count() == 1


@pytest.mark.parametrize("scope", SCOPES)
def test_of_two_who_lift_it_one_does(floor: Floor, scope: str) -> None:
    pk = throw(floor, scope).stop.pk
    lift = partial(lift_stop, actor=floor.operator, stop_id=pk, reason="go on")
    answers = at_once(*[lift] * 4, partial(throw, floor, scope))
    assert sorted(getattr(answer, "status", 200) for answer in answers[:4]) == [200, 409, 409, 409]


def test_a_task_that_somebody_holds_does_not_keep_the_others_running(floor: Floor) -> None:
    slow, *others = [floor.bring_to("assigned")[0] for _ in range(3)]
    with ThreadPoolExecutor(1) as pool:
        with uncommitted(partial(lock_rows, [slow])):
            thrown = pool.submit(alone, partial(throw, floor, "everything"))
            wait_until_blocked()
            states = [state_of(task_id) for task_id in (slow, *others)]
        assert thrown.result(20).taken_back == 3
    assert states == ["assigned", "queued", "queued"]
    assert state_of(slow) == "queued"


@pytest.mark.parametrize("scope", SCOPES)
def test_within_a_larger_transaction_it_waits_for_no_task(floor: Floor, scope: str) -> None:
    """There it holds agents for whom the sweep may wait, which holds tasks: what is left is the sweep's to finish."""
    task_id, _ = floor.bring_to("assigned")
    with uncommitted(partial(lock_rows, [task_id])), transaction.atomic():
        assert throw(floor, scope).taken_back == 0
    sweep()
    assert state_of(task_id) == "queued"
    sound(task_id)
