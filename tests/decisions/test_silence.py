"""Nothing waits for ever unseen: what no agent takes, what hangs, what cannot be moved, what goes in circles."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from agentic.actors import Actor
from agentic.clock import Now
from agents.authentication import agent_of
from agents.models import Agent, AgentStatus
from agents.services import announce, issue_key, sign_off
from decisions import moves
from decisions.auditor import look
from decisions.models import Attempt, Decision, Task
from decisions.states import State
from decisions.sweep import escalate_unclaimed, sweep
from tests.decisions.floor import Floor, let_pass, row, state_of, told

pytestmark = pytest.mark.django_db


def age(task_id: UUID, **by: float) -> None:
    Task.objects.filter(pk=task_id).update(updated_at=Now() - timedelta(**by))


def test_a_task_that_no_agent_takes_goes_to_a_person(floor: Floor) -> None:
    task_id = floor.create(required_capabilities=["telepathy"])
    age(task_id, hours=23)
    assert escalate_unclaimed() == 0
    age(task_id, hours=25)
    assert escalate_unclaimed() == 1
    assert state_of(task_id) == State.ESCALATED
    assert "no agent took it" in told(task_id)["reason"]


def test_an_attempt_that_hangs_is_taken_away_however_lively_its_heartbeats(floor: Floor) -> None:
    task_id, token = floor.working()
    Attempt.objects.filter(task=task_id).update(assigned_at=Now() - timedelta(hours=25))
    floor.beat(task_id, token)
    sweep()
    assert state_of(task_id) in {State.QUEUED, State.ASSIGNED}
    assert Attempt.objects.get(task=task_id, number=1).outcome == "lease_lost"


def test_the_auditor_sees_what_the_sweep_cannot_move(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any, **how: Any) -> None:
        raise ValueError("no move fits")

    task_id, _ = floor.working()
    let_pass(task_id)
    with monkeypatch.context() as patched:
        patched.setattr(moves, "from_step", broken)
        sweep()
    assert look().stuck == [task_id]
    let_pass(task_id)
    sweep()
    assert look().clean


def test_only_releases_count_as_given_back(floor: Floor) -> None:
    task_id, token = floor.working(max_retries=0)
    for _ in range(3):
        floor.suspend(task_id, token)
        Task.objects.filter(pk=task_id).update(due_at=None)
        token = floor.take(task_id)
        floor.ack(task_id, token, start=True)
    floor.release(task_id, token)
    assert state_of(task_id) == State.QUEUED


def test_releases_count_anew_after_a_person_dealt_with_the_task(floor: Floor) -> None:
    task_id, token = floor.working(max_retries=0)
    for _ in range(3):
        floor.release(task_id, token)
        if state_of(task_id) == State.ESCALATED:
            floor.patch(task_id, State.QUEUED)
        Task.objects.filter(pk=task_id).update(due_at=None)
        token = floor.take(task_id)
    floor.release(task_id, token)
    assert state_of(task_id) == State.QUEUED


def test_a_task_that_only_suspends_pauses_in_between(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.suspend(task_id, token, until="time", resume_after=0)
    assert Task.objects.filter(pk=task_id, due_at__gt=Now()).exists()


def test_an_agent_that_let_a_task_down_gets_it_again_only_if_nobody_else_fits(floor: Floor) -> None:
    floor.appear()
    other = floor.hire("zoe", *floor.agent.capabilities)
    task_id = floor.create(priority="high")
    first = row(task_id).assigned_agent_id
    let_pass(task_id)
    sweep()
    let_pass(task_id)
    sweep()
    assert {first, row(task_id).assigned_agent_id} == {floor.agent.pk, other.agent.pk}


def test_a_person_may_name_another_agent_than_the_task_was_made_for(floor: Floor) -> None:
    floor.appear()
    gone = floor.hire("gone")
    task_id = floor.queue(assigned_agent_id=gone.agent.pk)
    floor.escalate(task_id)
    floor.patch(task_id, State.ASSIGNED, agent_id=str(floor.agent.pk))
    assert row(task_id).assigned_agent_id == floor.agent.pk
    assert row(task_id).target_agent_id == floor.agent.pk


def test_a_forgotten_proposal_does_not_spoil_the_result_that_waits(floor: Floor) -> None:
    task_id, token = floor.working()
    asked = floor.propose(task_id, token)["decision_id"]
    floor.complete(task_id, token)
    Decision.objects.filter(pk=asked).update(due_at=Now() - timedelta(seconds=1))
    sweep()
    assert state_of(task_id) == State.COMPLETED
    assert Decision.objects.get(pk=asked).status == "expired"


def test_an_agent_is_given_only_the_types_that_it_takes(floor: Floor, agent_actor: Actor) -> None:
    announce(actor=agent_actor, agent=floor.calling(), task_types=["alpha"])
    assert state_of(floor.create(task_type="beta")) == State.QUEUED
    assert floor.claim(10) == []
    assert state_of(floor.create(task_type="alpha")) == State.ASSIGNED


def test_an_agent_that_signs_off_is_given_nothing_and_loses_nothing(
    floor: Floor, agent_actor: Actor
) -> None:
    floor.appear()
    task_id, _ = floor.working()
    assert sign_off(actor=agent_actor, agent=floor.calling(), finishing=True) == AgentStatus.BUSY
    assert state_of(floor.create()) == State.QUEUED
    assert sign_off(actor=agent_actor, agent=floor.calling()) == AgentStatus.OFFLINE
    Agent.objects.update(silent_at=Now() - timedelta(seconds=1))
    sweep()
    assert state_of(task_id) == State.QUEUED


def test_a_key_that_only_reads_says_nothing_of_whether_the_agent_lives(
    floor: Floor, operator: Actor, client_for: Any
) -> None:
    key = issue_key(actor=operator, agent_id=floor.agent.pk, scopes=["read"]).secret
    assert not agent_of(key).works
    client_for(key).get(f"/worker/decisions/{floor.agent.pk}")
    floor.agent.refresh_from_db()
    assert floor.agent.status == AgentStatus.OFFLINE


def test_every_attempt_of_a_batch_hears_its_own_verdicts(floor: Floor) -> None:
    (one, first), (two, second) = floor.working(), floor.working()
    asked = floor.propose(one, first)["decision_id"]
    floor.review(asked, "approve")
    assert [said["decision_id"] for said in floor.beat(one, first)["overrides"]] == [asked]
    assert floor.beat(two, second)["overrides"] == []
