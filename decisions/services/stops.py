"""The kill switch: an agent, a type of task, or everything stops, until a person lets it go on."""

from __future__ import annotations

from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction

from agentic import audits
from agentic.actors import Actor
from agentic.changes import EventRow
from agentic.clock import database_now
from agentic.errors import Conflict, Invalid, NotFound
from agentic.ids import new_id
from agentic.models import Event
from agentic.transitions import record
from agentic.vocabulary import AuditAction, EntityType, EventType
from agents.services.out_of_service import TakenOut, put_back_into_service, take_out_of_service
from decisions.models import Stop, StopScope
from decisions.services.taking_back import lock_agents_of, take_back, take_back_rest
from decisions.stopping import on


class AlreadyStopped(Conflict):
    """This is stopped already."""

    def __init__(self) -> None:
        super().__init__("on", ["lifted"])


class NotStopped(Conflict):
    """This stop has been lifted already."""

    def __init__(self) -> None:
        super().__init__("lifted", [])


class Thrown(NamedTuple):
    """A stop, and how many tasks were taken back from agents by the time of the answer."""

    stop: Stop
    taken_back: int


def set_stop(
    *,
    actor: Actor,
    scope: StopScope,
    reason: str,
    agent_id: UUID | None = None,
    task_type: str = "",
) -> Thrown:
    """From now on nothing in the scope is assigned, and each lease in it is void. Then what agents hold in it goes back
    to the queue, at no retry.

    AlreadyStopped when such a stop is on, Invalid when scope and target do not fit, or without a reason.
    """
    check(scope, reason, agent_id, task_type)
    stop = throw(Stop(scope=scope, agent_id=agent_id, task_type=task_type, reason=reason), actor)
    return Thrown(stop, take_back(stop, actor=actor))


def check(scope: StopScope, reason: str, agent_id: UUID | None, task_type: str) -> None:
    if not reason.strip():
        raise Invalid(reason="say why")
    if (agent_id is not None) != (scope == StopScope.AGENT):
        raise Invalid(agent_id="goes with the scope 'agent', and only with it")
    if bool(task_type) != (scope == StopScope.TASK_TYPE):
        raise Invalid(task_type="goes with the scope 'task_type', and only with it")


@transaction.atomic
def throw(stop: Stop, actor: Actor) -> Stop:
    """The stop itself. Two on one target meet at its agents."""
    agents = lock_agents_of(stop)
    if stop.agent_id and not agents:
        raise Invalid(agent_id="there is no such agent")
    same = on().filter(scope=stop.scope, agent=stop.agent_id, task_type=stop.task_type)
    if same.exists():
        raise AlreadyStopped
    stop.created_by_id, stop.version, stop.created_at = actor.user_id, 1, database_now()
    insert(stop)
    told = {**target_of(stop), "reason": stop.reason}
    if stop.agent_id:
        taken = take_out_of_service(actor=actor, agent_id=stop.agent_id, because=stop.reason)
        told |= {"agent_before": taken.before, "agent_version": taken.version}
    tell(stop, EventType.STOP_SET, told, actor)
    audits.record(
        AuditAction.STOP_SET, actor=actor, after=target_of(stop), reason=stop.reason, **about(stop)
    )
    return stop


def insert(stop: Stop) -> None:
    """Where there is no agent to meet at, the database lets one of two in."""
    try:
        with transaction.atomic():
            stop.save(force_insert=True)
    except IntegrityError as error:
        raise AlreadyStopped from error


def lift_stop(*, actor: Actor, stop_id: UUID, reason: str) -> Stop:
    """Work goes on: what was taken back can be claimed again. NotStopped when somebody was faster."""
    if not reason.strip():
        raise Invalid(reason="say why")
    known = Stop.objects.filter(pk=stop_id).first()
    if known is None:
        raise NotFound("There is no such stop.")
    take_back_rest(known, actor=actor)
    return lifted(known, actor, reason)


@transaction.atomic
def lifted(known: Stop, actor: Actor, reason: str) -> Stop:
    if known.agent_id:
        lock_agents_of(known)  # before the stop, as whoever sets one does
    stop = Stop.objects.select_for_update(no_key=True).get(pk=known.pk)
    if stop.lifted_at is not None:
        raise NotStopped
    stop.lifted_at, stop.lifted_by_id, stop.version = database_now(), actor.user_id, 2
    stop.save(update_fields=["lifted_at", "lifted_by", "version"])
    told = {**target_of(stop), "reason": reason}
    if stop.agent_id:
        told["agent_put_back"] = put_back(stop, actor)
    tell(stop, EventType.STOP_LIFTED, told, actor)
    audits.record(
        AuditAction.STOP_LIFTED, actor=actor, before=target_of(stop), reason=reason, **about(stop)
    )
    return stop


def put_back(stop: Stop, actor: Actor) -> bool:
    """Whether the agent is in service again, as it was when the stop was set."""
    story = Event.objects.filter(entity_type=EntityType.STOP, entity_id=stop.pk)
    data: dict[str, Any] = story.values_list("data", flat=True).get(version=1)
    agent_id: UUID = stop.agent_id  # type: ignore[assignment] # the caller has looked
    taken = TakenOut(data["agent_before"], data["agent_version"])
    reason = f"{actor.label} lifted the stop"
    return put_back_into_service(actor=actor, agent_id=agent_id, taken=taken, reason=reason)


def target_of(stop: Stop) -> dict[str, Any]:
    named = stop.agent.name if stop.agent else None
    return {
        "scope": stop.scope,
        "agent_id": stop.agent_id,
        "agent": named,
        "task_type": stop.task_type,
    }


def about(stop: Stop) -> dict[str, Any]:
    return {"entity_type": EntityType.STOP, "entity_id": stop.pk}


def tell(stop: Stop, said: EventType, data: dict[str, Any], actor: Actor) -> None:
    pk = stop.pk
    record(EventRow(pk, new_id(), EntityType.STOP, pk, stop.version, said, data), actor=actor)
