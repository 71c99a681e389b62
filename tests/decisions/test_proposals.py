"""Asking before acting: propose, wait, and hear what people say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from agentic.clock import Now
from agentic.models import Event, User
from decisions.models import Attempt, Decision, Escalation
from decisions.sweep import sweep
from tests.conftest import Api
from tests.decisions.floor import (
    Floor,
    activate_policy,
    let_pass,
    pending,
    row,
    sound,
    state_of,
    story,
)

ClientFor = Callable[[User | str | None], Api]
PAY = {"pay": 100}


@pytest.fixture
def judge(client_for: ClientFor, reviewer: User) -> Api:
    return client_for(reviewer)


@pytest.fixture
def worker(client_for: ClientFor, agent_key: str) -> Api:
    return client_for(agent_key)


def propose(worker: Api, task_id: UUID, token: UUID, **more: Any) -> Any:
    body = {"lease_token": str(token), "proposal": PAY, **more}
    return worker.post(f"/worker/tasks/{task_id}/propose", body)


def look(worker: Api, proposed: dict[str, Any], **query: Any) -> dict[str, Any]:
    answer = worker.get(f"/worker/decisions/{proposed['decision_id']}", **query)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def say(judge: Api, proposed: dict[str, Any], verdict: str, **more: Any) -> None:
    path = f"/decisions/decision/{proposed['decision_id']}/review"
    answer = judge.post(path, {"verdict": verdict, **more})
    assert answer.status_code == 200, answer.json()


def again(floor: Floor, task_id: UUID) -> UUID:
    """The lease of another attempt, after the last one was lost."""
    let_pass(task_id)
    sweep()
    let_pass(task_id)
    token = floor.take(task_id)
    floor.ack(task_id, token, start=True)
    return token


def test_a_proposal_waits_for_a_person_while_the_task_goes_on(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    answer = propose(worker, task_id, token, confidence=0.4, rationale="it says so")
    assert answer.json() == {
        "decision_id": str(pending(task_id).pk),
        "task_id": str(task_id),
        "status": "pending",
        "decision_type": "action",
        "proposal": PAY,
        "verdict": None,
        "reason_code": "",
        "reason": "",
    }
    assert state_of(task_id) == "in_progress"
    events = Event.objects.filter(entity_id=pending(task_id).pk)
    assert list(events.values_list("event_type", "version")) == [("decision.proposed", 1)]


def test_the_policy_lets_it_pass_at_once(floor: Floor, worker: Api) -> None:
    version = activate_policy(threshold=0.8).version
    task_id, token = floor.working()
    said = propose(worker, task_id, token, confidence=0.9).json()
    assert (said["status"], said["verdict"], said["proposal"]) == ("auto_approved", "auto", PAY)
    kept = Decision.objects.get(task=task_id)
    assert (kept.policy_version, kept.route, kept.due_at) == (version, "auto", None)
    assert look(worker, said) == said


@pytest.mark.parametrize(
    ("verdict", "more", "status"),
    [
        ("approve", {}, "approved"),
        ("edit", {"proposal": {"pay": 80}}, "edited"),
        ("edit", {"proposal": {}}, "edited"),
        ("reject", {"reason_code": "risk", "reason": "too much"}, "rejected"),
        ("respond", {"reason": "ask for the bill first"}, "responded"),
    ],
)
def test_the_agent_reads_what_a_person_said(
    floor: Floor, worker: Api, judge: Api, verdict: str, more: dict[str, Any], status: str
) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    say(judge, proposed, verdict, **more)
    said = look(worker, proposed)
    assert (said["status"], said["verdict"]) == (status, verdict)
    assert said["proposal"] == more.get("proposal", PAY)
    assert said["reason"] == more.get("reason", "")
    assert said["reason_code"] == more.get("reason_code", "")
    assert (state_of(task_id), row(task_id).retry_count) == ("in_progress", 0)


@pytest.mark.parametrize("proposal", [{"pay": 80}, {}])
def test_the_heartbeat_brings_the_verdict(
    floor: Floor, worker: Api, judge: Api, proposal: dict[str, Any]
) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    path = f"/worker/tasks/{task_id}/heartbeat"
    assert worker.post(path, {"lease_token": str(token)}).json()["overrides"] == []
    say(judge, proposed, "edit", proposal=proposal, reason="less")
    (said,) = worker.post(path, {"lease_token": str(token)}).json()["overrides"]
    assert said == {
        "decision_id": proposed["decision_id"],
        "status": "edited",
        "verdict": "edit",
        "reason_code": "",
        "reason": "less",
        "proposal": proposal,
    }


def test_the_same_proposal_is_the_same_decision(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    first = propose(worker, task_id, token, proposal={"a": 1, "b": 2}).json()
    assert propose(worker, task_id, token, proposal={"b": 2, "a": 1}).json() == first
    other = propose(worker, task_id, token, proposal={"a": 1}).json()
    typed = propose(worker, task_id, token, proposal={"a": 1}, decision_type="refund").json()
    assert len({said["decision_id"] for said in (first, other, typed)}) == 3


@pytest.mark.parametrize(
    ("verdict", "more", "status"),
    [
        ("approve", {}, "approved"),
        ("edit", {"proposal": {"pay": 80}}, "edited"),
        ("reject", {"reason_code": "wrong"}, "rejected"),
    ],
)
def test_a_second_attempt_gets_the_verdict_that_was_given(
    floor: Floor, worker: Api, judge: Api, verdict: str, more: dict[str, Any], status: str
) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    say(judge, proposed, verdict, **more)
    said = propose(worker, task_id, again(floor, task_id)).json()
    assert (said["decision_id"], said["status"]) == (proposed["decision_id"], status)
    assert Decision.objects.filter(task=task_id).count() == 1


def test_a_proposal_outlives_its_attempt(floor: Floor, worker: Api, judge: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    second = again(floor, task_id)
    assert propose(worker, task_id, second).json() == proposed
    say(judge, proposed, "approve")
    assert look(worker, proposed)["status"] == "approved"


def test_it_may_be_asked_again_after_a_response(floor: Floor, worker: Api, judge: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    say(judge, proposed, "respond", reason="are you sure?")
    said = propose(worker, task_id, token).json()
    assert said["status"] == "pending"
    assert said["decision_id"] != proposed["decision_id"]


def test_it_may_be_asked_again_after_it_expired(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    floor.escalate(task_id)
    assert look(worker, proposed)["status"] == "expired"
    floor.patch(task_id, "queued")
    lease = floor.take(task_id)
    floor.ack(task_id, lease, start=True)
    said = propose(worker, task_id, lease).json()
    assert (said["status"], Decision.objects.filter(task=task_id).count()) == ("pending", 2)


def test_whoever_waits_for_a_verdict_keeps_the_lease(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    let_pass(task_id)
    look(worker, proposed, wait=25)
    sweep()
    assert state_of(task_id) == "in_progress"
    assert Attempt.objects.get(task=task_id).lease_expires_at == row(task_id).due_at
    sound(task_id)


def test_a_long_poll_waits_for_the_verdict(floor: Floor, worker: Api, judge: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    path = f"/worker/decisions/{proposed['decision_id']}"
    waiting = worker.get(path, wait=25)
    assert waiting["X-Wait-Topic"] == f"decision:{proposed['decision_id']}"
    assert waiting["X-Wait-Seconds"] == "25"
    assert "X-Wait-Topic" not in worker.get(path)
    say(judge, proposed, "approve")
    assert "X-Wait-Topic" not in worker.get(path, wait=25)


def test_a_suspended_task_is_woken_by_the_verdict(floor: Floor, worker: Api, judge: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    said = {"lease_token": str(token), "until": "decision", "checkpoint": {"page": 3}}
    worker.post(f"/worker/tasks/{task_id}/suspend", said)
    sweep()
    assert (state_of(task_id), floor.claim()) == ("queued", [])
    say(judge, proposed, "reject", reason_code="policy", reason="not on Sundays")
    (task,) = worker.post("/worker/claim", {"wait_seconds": 0}).json()["tasks"]
    assert (task["checkpoint"], task["resume"]["reason"]) == ({"page": 3}, "suspended")
    assert task["feedback"][-1]["reason"] == "not on Sundays"
    assert row(task_id).retry_count == 0


def test_a_task_whose_verdict_is_in_is_not_suspended_for_long(
    floor: Floor, worker: Api, judge: Api
) -> None:
    task_id, token = floor.working()
    say(judge, propose(worker, task_id, token).json(), "approve")
    floor.suspend(task_id, token, until="decision")
    assert [task["id"] for task in floor.claim()] == [task_id]


def test_another_agent_cannot_read_it(floor: Floor, worker: Api, client_for: ClientFor) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    other = client_for(floor.hire("curious").key)
    answer = other.get(f"/worker/decisions/{proposed['decision_id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["01a20000-0000-7000-8000-000000000000", "no-id", "%00"])
def test_a_decision_that_is_not_there_is_not_found(floor: Floor, worker: Api, path: str) -> None:
    assert worker.get(f"/worker/decisions/{path}").status_code == 404


def test_a_person_cannot_read_it_here(floor: Floor, worker: Api, judge: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    assert judge.get(f"/worker/decisions/{proposed['decision_id']}").status_code == 403


def test_an_overdue_proposal_becomes_an_escalation(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    Decision.objects.filter(task=task_id).update(due_at=Now() - timedelta(seconds=1))
    sweep()
    assert (state_of(task_id), story(task_id)[-1]) == ("escalated", "task.escalated")
    assert "nobody reviewed" in Escalation.objects.get(task=task_id).reason
    assert look(worker, proposed)["status"] == "expired"
    answer = propose(worker, task_id, token)
    assert (answer.status_code, answer.json()["cancel_requested"]) == (409, True)
    sound(task_id)


def test_an_overdue_proposal_of_a_suspended_task_becomes_one_too(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    propose(worker, task_id, token)
    floor.suspend(task_id, token, until="decision")
    Decision.objects.filter(task=task_id).update(due_at=Now() - timedelta(seconds=1))
    sweep()
    assert state_of(task_id) == "escalated"
    sound(task_id)


def test_an_override_of_the_task_decides_the_proposal_too(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    proposed = propose(worker, task_id, token).json()
    floor.override(task_id, label=3)
    said = look(worker, proposed)
    assert (said["status"], said["verdict"]) == ("overridden", "override")


def test_a_result_is_not_proposed(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    answer = propose(worker, task_id, token, decision_type="result")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["decision_type"])
    assert not Decision.objects.exists()


@pytest.mark.parametrize("state", ["assigned", "acked"])
def test_an_agent_proposes_only_while_it_works(floor: Floor, worker: Api, state: str) -> None:
    task_id, token = floor.bring_to(state)
    answer = propose(worker, task_id, token)
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_move")
    assert not Decision.objects.exists()
