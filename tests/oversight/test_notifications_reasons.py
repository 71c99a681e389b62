"""Each way into an escalation has a word of ours; the text that came with it stays at home."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from agentic.clock import Now
from agentic.models import Event
from agents.models import Agent
from decisions.models import Decision, Task
from decisions.sweep import escalate_unclaimed, sweep
from oversight.models import Reason, Topic
from oversight.notifications.reasons import reason_of, topic_of
from tests.decisions.floor import Floor, let_pass, pending

AGO = timedelta(days=3)


def ack_missed(floor: Floor) -> None:
    task_id, _ = floor.bring_to("assigned", max_retries=0)
    let_pass(task_id)
    sweep()


def lease_lost(floor: Floor) -> None:
    task_id, _ = floor.working(max_retries=0)
    let_pass(task_id)
    sweep()


def agent_offline(floor: Floor) -> None:
    floor.working(max_retries=0)
    Agent.objects.update(silent_at=Now() - AGO)
    sweep()


def failed(floor: Floor) -> None:
    task_id, token = floor.working(max_retries=0)
    floor.fail(task_id, token, kind="TypeError")
    let_pass(task_id)
    sweep()


def rejected(floor: Floor) -> None:
    task_id, token = floor.working(max_retries=0)
    floor.complete(task_id, token)
    floor.review(pending(task_id).pk, "reject", reason_code="wrong")


def unclaimed(floor: Floor) -> None:
    task_id = floor.queue()
    Task.objects.filter(pk=task_id).update(updated_at=Now() - AGO, due_at=None)
    escalate_unclaimed()


def given_back(floor: Floor) -> None:
    task_id = floor.queue(max_retries=0)
    while Task.objects.get(pk=task_id).state == "queued":
        Task.objects.filter(pk=task_id).update(due_at=None)
        floor.release(task_id, floor.take(task_id))


def result_not_reviewed(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token)
    let_pass(task_id)
    sweep()


def proposal_not_reviewed(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.propose(task_id, token)
    Decision.objects.update(due_at=Now() - timedelta(minutes=1))
    sweep()


def by_hand(floor: Floor) -> None:
    floor.escalate(floor.queue())


def nobody_acted(floor: Floor) -> None:
    task_id = floor.queue()
    floor.escalate(task_id)
    let_pass(task_id)
    sweep()


WAYS: tuple[tuple[Callable[[Floor], None], Reason], ...] = (
    (ack_missed, Reason.ACK_MISSED),
    (lease_lost, Reason.LEASE_LOST),
    (agent_offline, Reason.AGENT_OFFLINE),
    (failed, Reason.FAILED),
    (rejected, Reason.REJECTED),
    (unclaimed, Reason.UNCLAIMED),
    (given_back, Reason.GIVEN_BACK),
    (result_not_reviewed, Reason.REVIEW_OVERDUE),
    (proposal_not_reviewed, Reason.REVIEW_OVERDUE),
    (by_hand, Reason.BY_HAND),
    (nobody_acted, Reason.NOBODY_ACTED),
)


def newest_escalation() -> dict[str, Any]:
    escalated = Event.objects.filter(event_type="task.escalated").order_by("-position")
    event: dict[str, Any] = escalated.values("data", "actor_kind")[0]
    return event


@pytest.mark.parametrize(("way", "reason"), WAYS, ids=[way.__name__ for way, _ in WAYS])
def test_each_way_has_its_word(floor: Floor, way: Callable[[Floor], None], reason: Reason) -> None:
    floor.appear()
    way(floor)
    assert reason_of(newest_escalation()) == reason


def test_every_word_has_a_way() -> None:
    assert {reason for _, reason in WAYS} == set(Reason)


def test_only_a_review_that_is_overdue_is_told_as_one() -> None:
    overdue = {reason for reason in Reason if topic_of(reason) == Topic.OVERDUE_REVIEW}
    assert overdue == {Reason.REVIEW_OVERDUE}
