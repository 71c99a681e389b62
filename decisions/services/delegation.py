"""An agent hands a part of its task to another agent."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from agentic.actors import Actor
from agentic.changes import Birth, Happening
from agentic.errors import Invalid
from agentic.ids import new_id
from agentic.transitions import create_many
from agentic.vocabulary import EventType
from agents.models import Agent
from decisions import moves
from decisions.digests import digest
from decisions.models import TASKS, Task
from decisions.models.task import Priority
from decisions.services.assignment import offer
from decisions.services.creation import limits, requirements
from decisions.services.proposals import check_holder, keep_lease
from decisions.shapes import NOT_GIVEN, Delegate, NewTask
from decisions.work import Work, load, load_one


@transaction.atomic
def delegate(task_id: UUID, asked: Delegate, *, agent_id: UUID, actor: Actor) -> dict[str, Any]:
    """The child task for this request, made at the first call and found again at the next ones."""
    work = load_one(task_id, lock=True)
    check_holder(work, agent_id, asked.lease_token)
    keep_lease(work, actor)
    key = asked.key or digest("delegate", what_is_asked(asked))
    children = Task.objects.filter(parent=work.id, idempotency_key=key)
    child = children.values_list("id", flat=True).first() or create_child(
        work, asked, key, agent_id, actor
    )
    row = Task.objects.values("id", "state", "result").get(pk=child)
    return {"task_id": row["id"], "state": row["state"], "result": row["result"]}


def what_is_asked(asked: Delegate) -> Delegate:
    """The request without what differs from call to call: whose lease it was, and how long to wait."""
    return msgspec.structs.replace(asked, lease_token=NOT_GIVEN, wait_seconds=0)


def create_child(work: Work, asked: Delegate, key: str, agent_id: UUID, actor: Actor) -> UUID:
    # Whoever is above in the chain never gets a part of its own task back: no circles.
    chain = [*work.excluded_agents, str(agent_id)]
    check_child(work, asked, chain)
    traceparent = actor.traceparent or trace_of(work)
    created = birth(work, asked, key, chain, traceparent)
    create_many(TASKS, [created], actor=actor)
    offer(list(load([created.pk]).values()), actor=actor)
    return created.pk


def check_child(work: Work, asked: Delegate, chain: list[str]) -> None:
    if work.depth >= settings.TASK_DELEGATION_DEPTH:
        raise Invalid(task_id=f"delegated {work.depth} times already: no deeper")
    if asked.agent_id is None:
        return
    if str(asked.agent_id) in chain:
        raise Invalid(agent_id="this agent is above in the chain: a task never goes in a circle")
    capabilities = (
        Agent.objects.filter(pk=asked.agent_id).values_list("capabilities", flat=True).first()
    )
    if capabilities is None:
        raise Invalid(agent_id="there is no such agent")
    if not set(asked.required_capabilities) <= set(capabilities):
        raise Invalid(agent_id="this agent lacks a required capability")


def trace_of(work: Work) -> str:
    return Task.objects.values_list("traceparent", flat=True).get(pk=work.id)


def birth(work: Work, asked: Delegate, key: str, chain: list[str], traceparent: str) -> Birth:
    values = {
        "title": asked.title,
        "description": asked.description,
        "task_type": asked.task_type,
        "priority": Priority[asked.priority.upper()].value if asked.priority else work.priority,
        "payload": asked.payload,
        "target_agent_id": asked.agent_id,
        "created_by_id": work.created_by_id,
        "parent_id": work.id,
        "depth": work.depth + 1,
        "idempotency_key": key,
        **requirements(asked.required_capabilities, chain),
        **limits(NewTask(title=asked.title)),
        "traceparent": traceparent,
    }
    data = {
        "title": asked.title,
        "task_type": asked.task_type,
        "parent_id": work.id,
        **moves.attempt_data(work),
    }
    return Birth(new_id(), values, [Happening(EventType.TASK_CREATED, data)])
