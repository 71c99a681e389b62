"""The commands of operators, the folding of events that one of them does, and the health of the sweep."""

from __future__ import annotations

import io
import os
import re
import signal
import threading
import time
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test import Client

from agentic import heartbeats
from agentic.append_only import guard, unguard
from agentic.clock import Now
from agentic.health import Finding
from agentic.models import Event, Heartbeat
from agentic.vocabulary import EntityType, EventType
from agents.models import Agent
from decisions import sweep as sweeping
from decisions.folding import STATES, compare
from decisions.health import last_sweep
from decisions.management.commands import sweep as sweep_command
from decisions.management.commands import verify_events
from decisions.models import TASKS, Decision, Escalation, Task
from tests.decisions.floor import Floor, let_pass, state_of
from tests.decisions.test_admin import some_of_everything
from tests.decisions.threads import in_background

ROOT = Path(__file__).resolve().parents[2]


def run(name: str, *words: str) -> str:
    out = io.StringIO()
    call_command(name, *words, stdout=out, stderr=out, no_color=True)
    return out.getvalue()


def fails(name: str, *words: str) -> str:
    """What the command says before it ends with 1."""
    err = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command(name, *words, stdout=io.StringIO(), stderr=err, no_color=True)
    assert caught.value.returncode == 1
    return f"{err.getvalue()}{caught.value}"


@pytest.fixture(autouse=True)
def no_heartbeat_yet() -> None:
    sweeping.heart.forget()


class TestSweep:
    def test_one_tick_does_what_is_due_and_says_so(self, floor: Floor) -> None:
        task_id, _ = floor.working()
        let_pass(task_id)
        assert run("sweep").startswith("1 acted on (")
        event = Event.objects.filter(entity_id=task_id).latest("version")
        assert (event.event_type, event.source) == ("task.retried", "command")
        assert run("sweep").startswith("Nothing was due (")

    @pytest.mark.parametrize("interval", ["0", "-1", "nan", "4000"])
    def test_an_interval_must_make_sense(self, db: None, interval: str) -> None:
        assert "--interval" in fails("sweep", "--loop", "--interval", interval)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_loop_ends_cleanly_on_a_signal(self, floor: Floor, number: int) -> None:
        task_id, _ = floor.working()
        let_pass(task_id)
        handlers = [signal.getsignal(each) for each in sweep_command.SIGNALS]
        threading.Timer(0.3, os.kill, (os.getpid(), number)).start()
        said = run("sweep", "--loop", "--interval", "0.05")
        assert said.splitlines()[0] == "Sweeping every 0.05 s. Ctrl-C stops."
        assert said.count("1 acted on") == 1
        assert said.endswith("Stopped.\n")
        assert [signal.getsignal(each) for each in sweep_command.SIGNALS] == handlers

    def test_a_database_that_is_away_does_not_end_the_loop(
        self, db: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        ticks: list[int] = []

        def tick(**_: Any) -> int:
            ticks.append(1)
            if len(ticks) < 3:
                raise OperationalError("gone")
            os.kill(os.getpid(), signal.SIGTERM)
            return 0

        monkeypatch.setattr(sweep_command, "sweep", tick)
        assert "Stopped." in run("sweep", "--loop", "--interval", "0.01")
        assert caplog.text.count("the next one tries again") == 2

    def test_a_full_tick_is_followed_at_once(self) -> None:
        stop, ticks = threading.Event(), iter([True, True, False])

        def tick() -> bool:
            more = next(ticks)
            if not more:
                stop.set()
            return more

        started = time.monotonic()
        sweep_command.every(5, stop, tick)
        assert time.monotonic() - started < 1


class TestAudit:
    def test_all_is_well(self, floor: Floor) -> None:
        floor.bring_to("escalated")
        assert "No open task is overdue" in run("audit_deadlines")

    def test_what_nobody_looked_at_is_named(self, floor: Floor) -> None:
        task_id, _ = floor.working()
        let_pass(task_id)
        assert f"1 overdue by 30 s or more: {task_id}" in fails("audit_deadlines")

    def test_what_no_list_shows_is_named(self, floor: Floor) -> None:
        task_id, _ = floor.bring_to("escalated")
        Escalation.objects.update(resolved_at=Now())
        said = fails("audit_deadlines")
        assert f"1 escalated, and on no list of escalations: {task_id}" in said


@pytest.fixture
def editable(db: None) -> Any:
    """The guard on events is off, as it is for whoever owns the database."""
    unguard(connection, "events")
    yield
    guard(connection, "events")


class TestVerify:
    def test_everything_is_as_its_events_say(self, floor: Floor) -> None:
        some_of_everything(floor, 2)
        assert re.match(r"All as their events say: \d+ events, \d+\.\d s\.", run("verify_events"))

    def test_an_empty_database_is_in_order(self, db: None) -> None:
        assert "0 events" in run("verify_events")

    def test_a_state_that_no_event_tells_of_is_named(self, floor: Floor) -> None:
        right, wrong = floor.queue(), floor.queue()
        Task.objects.filter(pk=wrong).update(state="cancelled")
        said = fails("verify_events")
        assert f"task {wrong}: state cancelled, but its events say queued" in said
        assert str(right) not in said

    def test_decisions_and_agents_are_looked_at_too(self, floor: Floor) -> None:
        task_id, token = floor.working()
        decision_id = floor.complete(task_id, token)["decision_id"]
        Decision.objects.filter(pk=decision_id).update(status="approved")
        Agent.objects.filter(pk=floor.agent.pk).update(status="busy")
        said = fails("verify_events")
        assert f"decision {decision_id}: state approved, but its events say pending" in said
        assert f"agent {floor.agent.pk}: state busy, but its events say available" in said
        assert "2 differ from their events" in said

    def test_a_version_without_an_event_is_named(self, floor: Floor) -> None:
        task_id = floor.queue()
        Task.objects.filter(pk=task_id).update(version=2)
        assert f"task {task_id}: version 2, but its last event is 1" in fails("verify_events")

    def test_an_event_that_was_taken_away_is_named(self, floor: Floor, editable: None) -> None:
        task_id, _ = floor.working()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM events WHERE event_type = 'task.acked'")
        assert f"task {task_id}: event 3 is missing" in fails("verify_events")

    def test_only_the_first_ones_are_named(self, floor: Floor) -> None:
        for _ in range(4):
            floor.queue()
        Task.objects.update(version=7)
        said = fails("verify_events", "--show", "2")
        assert said.count("version 7") == 2
        assert "4 differ from their events" in said

    def test_memory_and_queries_do_not_grow(
        self, floor: Floor, django_assert_max_num_queries: Any
    ) -> None:
        some_of_everything(floor, 5)
        with django_assert_max_num_queries(12):
            run("verify_events")


@pytest.mark.django_db(transaction=True)
def test_it_sees_one_moment_while_others_write(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, _ = floor.working()

    def meanwhile(rows: Any, told: Any, states: Any) -> Any:
        first = next(told)
        with in_background(lambda: floor.patch(task_id, "cancelled")) as done:
            assert done.result(20) is None
        return compare(rows, chain([first], told), states)

    with monkeypatch.context() as patch:
        patch.setattr(verify_events, "MACHINES", (TASKS,))
        patch.setattr(verify_events, "compare", meanwhile)
        assert "All as their events say" in run("verify_events")
    assert state_of(task_id) == "cancelled"
    assert "All as their events say" in run("verify_events")


def ids(*numbers: int) -> list[UUID]:
    return [UUID(int=number) for number in numbers]


A, B, C = ids(1, 2, 3)
TASK_STATES = STATES["task"]
CREATED, TAKEN = "task.created", "task.assigned"


@pytest.mark.parametrize(
    ("rows", "told", "problems"),
    [
        ([], [], []),
        ([(A, "queued", 1)], [(A, 1, CREATED)], []),
        ([(A, "assigned", 2), (C, "queued", 1)], [(A, 1, CREATED), (A, 2, TAKEN), (C, 1, CREATED)], []),
        ([(A, "queued", 1)], [], [(A, "has no event")]),
        ([(B, "queued", 1)], [(A, 1, CREATED), (B, 1, CREATED)], [(A, "has events, and is not there")]),
        ([(A, "queued", 1)], [(A, 1, CREATED), (C, 1, CREATED)], [(C, "has events, and is not there")]),
        ([(B, "queued", 1)], [(A, 1, CREATED)], [(A, "has events, and is not there"), (B, "has no event")]),
        ([(A, "assigned", 2)], [(A, 2, TAKEN)], [(A, "event 1 is missing")]),
        ([(A, "assigned", 3)], [(A, 1, CREATED), (A, 3, TAKEN)], [(A, "event 2 is missing")]),
        ([(A, "assigned", 2)], [(A, 1, CREATED), (A, 1, TAKEN)], [(A, "event 2 is missing")]),
        ([(A, "queued", 2)], [(A, 1, CREATED)], [(A, "version 2, but its last event is 1")]),
        ([(A, "assigned", 1)], [(A, 1, CREATED)], [(A, "state assigned, but its events say queued")]),
        (
            [(A, "queued", 1), (B, "queued", 1)],
            [(A, 1, "agent.busy"), (A, 2, CREATED), (B, 1, CREATED)],
            [(A, "event 1 is agent.busy, which says nothing of such a thing")],
        ),
    ],
)  # fmt: skip
def test_rows_and_events_are_compared_side_by_side(
    rows: list[Any], told: list[Any], problems: list[Any]
) -> None:
    assert list(compare(iter(rows), iter(told), TASK_STATES)) == problems


def test_every_event_of_a_thing_with_a_state_can_be_folded() -> None:
    folded = {str(event) for states in STATES.values() for event in states}
    stateless = ("policy.", "model.", "stop.")
    assert folded == {event for event in EventType.values if not event.startswith(stateless)}


class TestHealth:
    def test_before_the_first_sweep_it_is_degraded_and_serves(
        self, client: Client, db: None
    ) -> None:
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert "no sweep has run yet" in answer.json()["checks"]["sweep"]["detail"]

    def test_a_sweep_that_has_just_run_is_fine(self, client: Client, db: None) -> None:
        run("sweep")
        found = client.get("/readyz").json()["checks"]["sweep"]
        assert found["ok"]
        assert 0 <= found["age_seconds"] < 5

    def test_a_sweep_that_stays_away_is_told_to_those_who_ask_strictly(
        self, client: Client, db: None
    ) -> None:
        run("sweep")
        Heartbeat.objects.update(at=Now() - timedelta(seconds=40))
        answer = client.get("/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
        assert 40 <= answer.json()["checks"]["sweep"]["age_seconds"] < 60
        assert client.get("/readyz?strict").status_code == 503

    def test_strictly_asked_all_is_well(self, client: Client, db: None) -> None:
        run("sweep")
        assert client.get("/readyz?strict").status_code == 200

    def test_a_busy_driver_leaves_few_traces(
        self, db: None, django_assert_num_queries: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heart = heartbeats.Heart("driver")
        heart.beat()
        with django_assert_num_queries(0):
            heart.beat()
        monkeypatch.setattr(heartbeats, "PAUSE_SECONDS", 0)
        heart.beat()
        assert Heartbeat.objects.filter(name="driver").count() == 1

    def test_a_clock_that_was_put_back_makes_no_negative_age(self, db: None) -> None:
        Heartbeat.objects.create(name="sweep", at=Now() + timedelta(seconds=5))
        assert last_sweep() == Finding(True, "the last sweep 0.0 s ago", 0.0)


class TestPages:
    def test_the_vocabulary_is_documented_as_it_is(self) -> None:
        page = (ROOT / "docs/reference/events.md").read_text()
        told = re.findall(r"^\| `([a-z_.]+)` \| (.*?) \| (.*?) \|$", page, re.MULTILINE)
        assert told == [(event.value, event.label, after(event)) for event in EventType]

    def test_so_are_the_kinds_of_things(self) -> None:
        page = (ROOT / "docs/reference/events.md").read_text()
        assert all(f"`{kind}` ({kind.label})" in page for kind in EntityType)


def after(event: EventType) -> str:
    state = next((states[event] for states in STATES.values() if states.get(event)), None)
    return f"`{state}`" if state else "stays"
