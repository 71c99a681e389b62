"""`manage.py seed`: synthetic data that holds as real data does."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from agentic.audits import told_by
from agentic.clock import database_now
from agentic.models import Audit, Event, User
from agents.models import Agent
from decisions.auditor import look
from decisions.models import Attempt, Decision, Escalation, Feedback, Review, Task
from decisions.seeding.cast import AGENT_NAMES, gather
from decisions.seeding.chance import Chance, moments
from decisions.seeding.filling import fill
from decisions.seeding.ledger import Ledger
from decisions.seeding.stories import tell
from decisions.states import HELD, OPEN, State
from decisions.sweep import sweep
from tests.decisions.floor import Floor, sound

pytestmark = pytest.mark.django_db
TABLES: tuple[Any, ...] = (Agent, Task, Attempt, Decision, Review, Escalation, Feedback, Event)
TASKS, SEED = 400, 2


@pytest.fixture
def seeded() -> datetime:
    now = database_now()
    fill(tasks=TASKS, seed=SEED, now=now, progress=ignore)
    return now


def ignore(number: int) -> None:
    """Nobody watches."""


def test_it_says_what_the_rows_say(seeded: datetime) -> None:
    out = StringIO()
    call_command("verify_events", stdout=out)
    call_command("verify_audit", stdout=out)
    assert out.getvalue().count("All as") == 2


def test_it_keeps_every_rule_of_the_database(seeded: datetime) -> None:
    connection.check_constraints()


def test_each_task_is_sound(seeded: datetime) -> None:
    for task_id in Task.objects.filter(state__in=OPEN).values_list("pk", flat=True):
        sound(task_id)


def test_it_makes_as_many_tasks_as_were_asked_for_in_every_state(seeded: datetime) -> None:
    assert Task.objects.count() == TASKS
    states = set(Task.objects.values_list("state", flat=True))
    assert states == {*State} - {State.ASSIGNED, State.ACKED} | (states & HELD)
    assert Task.objects.filter(state=State.VERIFIED).count() > TASKS / 2
    assert 5 < Event.objects.count() / TASKS < 8


def test_it_makes_decisions_of_every_kind(seeded: datetime) -> None:
    assert {*Decision.objects.values_list("status", flat=True)} >= {
        "pending", "auto_approved", "approved", "edited", "rejected", "overridden",
    }  # fmt: skip
    assert Decision.objects.filter(status="pending", task__state=State.COMPLETED).exists()
    assert not Decision.objects.filter(status="pending").exclude(task__state=State.COMPLETED)


def test_all_of_it_is_marked(seeded: datetime) -> None:
    assert Task.objects.filter(payload__synthetic=True).count() == TASKS
    assert not Agent.objects.exclude(name__startswith="synthetic-")
    assert not User.objects.exclude(username__startswith="synthetic-")


def test_nobody_can_sign_in_as_one_of_its_people(seeded: datetime) -> None:
    assert not User.objects.filter(is_active=True)
    assert not any(user.has_usable_password() for user in User.objects.all())


def test_accounts_and_agents_are_in_the_audit_log(seeded: datetime) -> None:
    assert Audit.objects.filter(action="user.created").count() == User.objects.count()
    agents = Audit.objects.filter(action="agent.registered")
    assert agents.count() == Agent.objects.count()
    assert "400 synthetic tasks" in agents[0].reason


def test_each_run_is_in_the_audit_log_with_what_was_asked(seeded: datetime) -> None:
    call_command("seed", "--tasks", "20", "--seed", "3", stdout=StringIO())
    rows = Audit.objects.filter(action="data.seeded").order_by("number")
    assert [told_by(row.details) for row in rows] == [
        {"tasks": TASKS, "seed": SEED},
        {"tasks": 20, "seed": 3},
    ]
    assert {(row.source, row.actor_label) for row in rows} == {("command", "platform")}


def test_events_are_numbered_as_they_happened(seeded: datetime) -> None:
    moments = list(Event.objects.order_by("position").values_list("created_at", flat=True))
    assert moments == sorted(moments)
    assert moments[-1] <= seeded
    assert 29 <= (seeded - moments[0]).days <= 31


def test_ids_tell_the_time_at_which_they_were_made(seeded: datetime) -> None:
    for pk, at in Task.objects.values_list("pk", "created_at")[:20]:
        assert abs((pk.int >> 80) / 1000 - at.timestamp()) < 0.002
        assert pk.version == 7


def test_what_is_open_is_mostly_not_yet_due(seeded: datetime) -> None:
    found = look()
    assert 0 < len(found.overdue) <= 20
    assert not found.unlisted
    assert not found.stuck


def test_a_platform_that_runs_on_does_not_sweep_it_away(seeded: datetime) -> None:
    before = Task.objects.filter(state__in=OPEN).count()
    sweep()
    assert Task.objects.filter(state__in=OPEN).count() == before
    assert Task.objects.filter(state=State.ESCALATED).count() < before / 3
    call_command("verify_events", stdout=StringIO())


def test_its_agents_get_no_work(seeded: datetime, floor: Floor) -> None:
    held = Task.objects.filter(state__in=HELD).count()
    task_id = floor.queue()
    sweep()
    assert Task.objects.get(pk=task_id).state == State.QUEUED
    assert Task.objects.filter(state__in=HELD).count() <= held


def test_no_other_agent_gets_its_tasks(seeded: datetime, floor: Floor) -> None:
    assert floor.claim(4) == []


def drawn(seed: int, now: datetime) -> Any:
    """Rows and events of a few lives, as they would be written."""
    chance = Chance(seed, now)
    ledger = Ledger(chance)
    cast = gather(Chance(seed, now), ledger)
    ledger = Ledger(chance)
    assert len(list(tell(60, chance, cast, ledger))) == 60
    return ledger.rows, ledger.said


def test_the_same_seed_makes_the_same_rows(seeded: datetime) -> None:
    assert drawn(1, seeded) == drawn(1, seeded)


def test_another_seed_makes_other_rows(seeded: datetime) -> None:
    assert drawn(1, seeded) != drawn(2, seeded)


def test_it_can_be_run_again_for_more(seeded: datetime) -> None:
    call_command("seed", "--tasks", "20", stdout=StringIO())
    assert Task.objects.count() == TASKS + 20
    assert Agent.objects.count() == len(AGENT_NAMES)
    call_command("verify_events", stdout=StringIO())


def test_it_refuses_where_real_tasks_are(floor: Floor) -> None:
    floor.queue()
    with pytest.raises(CommandError, match="real tasks"):
        call_command("seed", "--tasks", "10")
    assert Task.objects.count() == 1


def test_it_goes_beside_real_tasks_when_it_is_told_to(floor: Floor) -> None:
    floor.queue()
    call_command("seed", "--tasks", "10", "--yes", stdout=StringIO())
    assert Task.objects.count() == 11
    call_command("verify_events", stdout=StringIO())


@pytest.mark.parametrize("number", ["0", "-1", "many", "10000001"])
def test_it_names_a_number_that_is_none(number: str) -> None:
    with pytest.raises(CommandError, match="--tasks: a whole number from 1 to"):
        call_command("seed", f"--tasks={number}")


def test_what_breaks_in_the_middle_leaves_nothing() -> None:
    def stop(number: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(tasks=10, seed=1, now=database_now(), progress=stop)
    assert not any(model.objects.exists() for model in (*TABLES, Audit))


def test_days_are_busier_than_nights() -> None:
    found = moments(24_000, datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=1))
    hours = Counter(at.hour for at in found)
    assert found == sorted(found)
    assert max(hours.values()) > 3 * min(hours.values())
