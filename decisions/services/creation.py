"""New tasks: the row, its event, and an agent when one is free, in one transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from agentic.actors import Actor
from agentic.changes import Birth, Happening
from agentic.errors import DomainError, Invalid
from agentic.ids import new_id
from agentic.transitions import create_many
from agentic.vocabulary import EventType
from agents.models import Agent
from decisions.models import TASKS, Task
from decisions.models.task import Priority
from decisions.services.assignment import offer
from decisions.shapes import NewTask
from decisions.work import Work, newborn

LONGEST_BACKOFF = 100  # times the first one, as Temporal has it
LONGEST_KEY = 200  # of a task; the digest stands for a longer one


class KeyUsed(DomainError):
    """A task was made with this Idempotency-Key before."""

    status = 409
    code = "idempotency_key_used"

    def __init__(self, task_id: UUID) -> None:
        text = f"This Idempotency-Key has made task {task_id}: take a new key for a new task."
        super().__init__(text, task_id=task_id)


def create_task(wanted: NewTask, *, actor: Actor, key: str | None = None) -> UUID:
    """Accept one task. KeyUsed when its creator has made one with this key before, however long ago."""
    if key is None:
        return create_tasks([wanted], actor=actor)[0]
    kept = key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()
    mine = Task.objects.filter(created_by=actor.user_id, parent__isnull=True)
    known = mine.filter(idempotency_key=kept).values_list("id", flat=True).first()
    if known:
        raise KeyUsed(known)
    return create_tasks([wanted], actor=actor, key=kept)[0]


def create_tasks(wanted: Sequence[NewTask], *, actor: Actor, key: str | None = None) -> list[UUID]:
    """Accept these tasks, all or none. Their ids, in order. A `key` is for one task alone."""
    check_agents(wanted)
    births = [birth(task, actor, key) for task in wanted]
    with transaction.atomic():
        written = create_many(TASKS, births, actor=actor)
        offer(by_urgency(map(newborn, births, written)), actor=actor)
    return [birth.pk for birth in births]


def by_urgency(works: Iterable[Work]) -> list[Work]:
    """Where there is not room for all: the most important first, then as they were asked for."""
    return sorted(works, key=lambda work: (-work.priority, work.id))


def check_agents(wanted: Sequence[NewTask]) -> None:
    asked = {task.assigned_agent_id for task in wanted if task.assigned_agent_id}
    if not asked:
        return
    known = {
        row[0]: row[1]
        for row in Agent.objects.filter(pk__in=asked).values_list("id", "capabilities")
    }
    for task in wanted:
        if task.assigned_agent_id is None:
            continue
        if task.assigned_agent_id not in known:
            raise Invalid(assigned_agent_id="there is no such agent")
        if not set(task.required_capabilities) <= set(known[task.assigned_agent_id]):
            raise Invalid(assigned_agent_id="this agent lacks a required capability")


def birth(task: NewTask, actor: Actor, key: str | None) -> Birth:
    values = {
        "title": task.title,
        "description": task.description,
        "task_type": task.task_type,
        "priority": Priority[task.priority.upper()].value,
        "payload": task.payload,
        "target_agent_id": task.assigned_agent_id,
        "created_by_id": actor.user_id,
        **({"idempotency_key": key} if key else {}),
        **requirements(task.required_capabilities),
        **limits(task),
        "traceparent": actor.traceparent,
    }
    return Birth(new_id(), values, [Happening(EventType.TASK_CREATED, told(task))])


def told(task: NewTask) -> dict[str, Any]:
    return {"title": task.title, "task_type": task.task_type, "priority": task.priority}


def requirements(capabilities: list[str], excluded: Sequence[str] = ()) -> dict[str, Any]:
    return {"required_capabilities": sorted(set(capabilities)), "excluded_agents": list(excluded)}


def limits(task: NewTask) -> dict[str, Any]:
    policy = task.retry_policy
    return {
        "max_retries": settings.TASK_MAX_RETRIES if task.max_retries is None else task.max_retries,
        "ack_timeout": task.ack_timeout or settings.TASK_ACK_TIMEOUT_SECONDS,
        "lease_seconds": task.lease_seconds or settings.TASK_LEASE_SECONDS,
        "backoff_initial": policy.initial_interval,
        "backoff_coefficient": policy.backoff_coefficient,
        "backoff_maximum": policy.maximum_interval or policy.initial_interval * LONGEST_BACKOFF,
        "non_retryable_errors": policy.non_retryable_error_types,
    }
