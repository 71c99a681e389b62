"""Real transactions on PostgreSQL: one call waits for another's row, and must see what that one has left."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from decisions.models import Attempt
from decisions.sweep import sweep
from tests.decisions.floor import RESULT, Floor, activate_policy, pending, sound, state_of
from tests.decisions.threads import at_once, behind

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time"),
]


def test_an_escalation_behind_a_claim_ends_the_attempt(floor: Floor) -> None:
    task_id = floor.queue()
    floor.appear()
    behind(partial(floor.claim), partial(floor.escalate, task_id))
    assert state_of(task_id) == "escalated"
    sound(task_id)


def test_an_override_behind_a_claim_ends_the_attempt(floor: Floor) -> None:
    task_id, _ = floor.bring_to("queued")
    floor.patch(task_id, "escalated")
    floor.patch(task_id, "queued")
    behind(partial(floor.claim), partial(floor.override, task_id))
    assert (state_of(task_id), Attempt.objects.filter(task=task_id).count()) == ("verified", 2)
    sound(task_id)


def test_a_cancellation_behind_a_completion_leaves_the_result_to_a_person(floor: Floor) -> None:
    task_id, token = floor.working()
    answer = behind(
        partial(floor.complete, task_id, token), partial(floor.patch, task_id, "cancelled")
    )
    assert (answer.code, answer.members["state"]) == ("illegal_move", "completed")
    sound(task_id)


def test_a_repeated_suspension_behind_the_first_has_its_answer(floor: Floor) -> None:
    task_id, token = floor.working()
    first = partial(floor.suspend, task_id, token, checkpoint={"page": 3})
    answer = behind(first, first)
    assert answer == {"task_id": task_id, "attempt": 1, "outcome": "suspended"}


def test_a_proposal_behind_an_override_has_lost_its_lease(floor: Floor) -> None:
    task_id, token = floor.working()
    answer = behind(partial(floor.override, task_id), partial(floor.propose, task_id, token))
    assert (answer.code, answer.members["state"]) == ("lease_lost", "verified")
    assert answer.members["overrides"][0]["proposal"] == RESULT


def test_a_delegation_behind_a_cancellation_makes_no_child(floor: Floor) -> None:
    task_id, token = floor.working()
    answer = behind(
        partial(floor.patch, task_id, "cancelled"), partial(floor.delegate, task_id, token)
    )
    assert (answer.code, answer.members["cancel_requested"]) == ("lease_lost", True)


ENDS: list[Callable[[Floor, UUID, UUID], object]] = [
    lambda helper, child, lease: helper.complete(child, lease, confidence=1.0),
    lambda helper, child, lease: helper.override(child),
    lambda helper, child, lease: helper.patch(child, "cancelled"),
    lambda helper, child, lease: helper.together(child, lease),
]


@pytest.mark.parametrize("end", ENDS)
def test_a_parent_and_its_child_may_end_at_once(
    floor: Floor, end: Callable[[Floor, UUID, UUID], object]
) -> None:
    """The one goes downwards, the other upwards: they must not wait for each other."""
    activate_policy(threshold=0)
    helper = floor.hire("helper")
    for _ in range(12):
        parent, token = floor.working(required_capabilities=["digits"])
        child = floor.delegate(parent, token)["task_id"]
        lease = helper.take(child)
        helper.ack(child, lease, start=True)
        answers = at_once(
            partial(floor.patch, parent, "cancelled"), partial(end, helper, child, lease)
        )
        assert {getattr(answer, "status", 200) for answer in answers} <= {200, 409}
        assert state_of(parent) == "cancelled"
        sound(parent)
        sound(child)


def test_the_last_two_children_wake_their_parent(floor: Floor) -> None:
    parent, token = floor.working()
    children = [floor.delegate(parent, token, key=key)["task_id"] for key in "ab"]
    floor.suspend(parent, token, until="children")
    at_once(*(partial(floor.override, child) for child in children))
    sweep()
    assert state_of(parent) == "assigned"


def test_two_reviewers_at_once_have_one_winner(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token)
    decision = pending(task_id).pk
    verdicts: list[dict[str, Any]] = [
        {"verdict": "approve"},
        {"verdict": "reject", "reason_code": "wrong"},
        {"verdict": "edit", "proposal": {"label": 1}},
        {"verdict": "respond", "reason": "look again"},
    ]
    answers = at_once(*(partial(floor.review, decision, **said) for said in verdicts))
    assert sorted(getattr(answer, "code", "won") for answer in answers) == ["conflict"] * 3 + [
        "won"
    ]
    sound(task_id)
