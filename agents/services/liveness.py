"""Which agents are there. `silent_at` is the one timer: the moment from which an agent counts as dead.

It is set while the agent is available or busy, and null in maintenance: so an agent in maintenance never goes
offline by itself, and therefore never comes back by itself either. It stays set on an agent that is offline until
whoever looks after its tasks has moved them on and says so by `forget_offline`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, QuerySet, When
from django.db.models.functions import Coalesce, Greatest

from agentic.actors import Actor
from agentic.changes import Happening, Move
from agentic.clock import Now, database_now, seconds_from_now
from agentic.errors import Conflict
from agentic.fixed_query import FixedQuery
from agentic.transitions import move_many
from agentic.vocabulary import AuditAction, EventType
from agents.authentication import CallingAgent
from agents.models import AGENTS, Agent, AgentStatus
from agents.selectors import read_agent
from agents.services.changing import again_on_conflict, change, change_audited
from agents.services.registry import differences, distinct, only

# Those that are expected to be heard of.
HEARD = (AgentStatus.AVAILABLE, AgentStatus.BUSY)
EVENTS = {
    AgentStatus.AVAILABLE: EventType.AGENT_AVAILABLE,
    AgentStatus.BUSY: EventType.AGENT_BUSY,
    AgentStatus.OFFLINE: EventType.AGENT_OFFLINE,
    AgentStatus.MAINTENANCE: EventType.AGENT_MAINTENANCE,
}


class StatusChanged(Conflict):
    """Somebody else changed the agent's status in the same moment."""


def set_status(*, actor: Actor, agent_id: UUID, status: AgentStatus, reason: str = "") -> Agent:
    """An operator's word. StatusChanged when two operators meet; whatever else happens to the agent does not matter.

    An agent that is made available has the usual time to be heard of, then it goes offline again.
    """
    seen = read_agent(agent_id).status

    def step() -> Agent:
        agent = read_agent(agent_id)
        if agent.status != seen:
            raise StatusChanged(agent.status, AGENTS.legal[agent.status])
        if agent.status == status:
            return agent
        events = [moved(agent, status, reason or f"set by {actor.label}")]
        # Whatever it becomes, it is no longer paused: maintenance is what it leaves.
        values = {**timer(agent, status, database_now()), "paused_because": ""}
        told = {"before": {"status": seen}, "after": {"status": status.value}, "reason": reason}
        how: dict[str, Any] = {"status": status, "events": events, "values": values}
        return change_audited(agent, AuditAction.AGENT_STATUS_SET, told, actor=actor, **how)

    return again_on_conflict(step)


def announce(
    *,
    actor: Actor,
    agent: CallingAgent,
    version: str | None = None,
    framework: str | None = None,
    capabilities: Sequence[str] | None = None,
    task_types: Sequence[str] | None = None,
    concurrency: int | None = None,
) -> Agent:
    """The agent says what it is, and takes work from now on; what it leaves out stays as it was.

    An agent that an operator took out of service stays out of it.
    """
    said = {
        "client_version": version,
        "framework": framework,
        "capabilities": None if capabilities is None else distinct(capabilities),
        "task_types": None if task_types is None else distinct(task_types),
        "max_concurrent_tasks": concurrency,
    }
    wanted = {name: value for name, value in said.items() if value is not None}
    announced = again_on_conflict(lambda: announced_once(actor, agent.id, wanted))
    refresh(agent.id)
    return announced


def announced_once(actor: Actor, agent_id: UUID, wanted: dict[str, Any]) -> Agent:
    agent = read_agent(agent_id)
    changes = differences(agent, wanted)
    values, status = only(wanted, changes), AgentStatus(agent.status)
    events = [Happening(EventType.AGENT_CHANGED, {"changes": changes})] if changes else []
    if status == AgentStatus.OFFLINE:
        status = AgentStatus.AVAILABLE
        events.append(moved(agent, status, "the agent announced itself"))
        values |= timer(agent, status, database_now())
    if not events:
        return agent
    return change(agent, actor=actor, status=status, events=events, values=values)


def sign_off(*, actor: Actor, agent: CallingAgent, finishing: bool = False) -> str:
    """The agent stops in good order and is given nothing more; its status afterwards.

    What it holds moves on at once, unless it is `finishing` that first.
    """
    target = AgentStatus.BUSY if finishing else AgentStatus.OFFLINE
    return again_on_conflict(lambda: signed_off(actor, agent.id, target))


def signed_off(actor: Actor, agent_id: UUID, target: AgentStatus) -> str:
    agent = read_agent(agent_id)
    if agent.status in HEARD and agent.status != target:
        events = [moved(agent, target, "the agent signed off")]
        values = {} if target == AgentStatus.BUSY else {"silent_at": database_now()}
        change(agent, actor=actor, status=target, events=events, values=values)
    return agent.status


def hear_from(*, actor: Actor, agent: CallingAgent, waiting: float = 0) -> str:
    """The agent called, and may now stay away for `waiting` seconds more than usual; its status afterwards.

    Costs nothing while the last note is fresh, else one update.
    """
    if agent.status != AgentStatus.OFFLINE and (
        is_fresh(agent, waiting) or refresh(agent.id, waiting)
    ):
        return agent.status
    return again_on_conflict(lambda: back_again(actor, agent.id, waiting))


def is_fresh(agent: CallingAgent, waiting: float) -> bool:
    tolerance = timedelta(seconds=settings.AGENT_HEARTBEAT_SECONDS / 2)
    if agent.last_seen_at is None or agent.called_at - agent.last_seen_at >= tolerance:
        return False
    if agent.silent_at is None:
        return True
    return agent.silent_at >= agent.called_at + silence(waiting) - tolerance


def refresh(agent_id: UUID, waiting: float = 0) -> bool:
    """Put the timer off; False when the agent is offline. A long wait that is still on is never cut short."""
    until = seconds_from_now(silence(waiting).total_seconds())
    put_off = Case(When(status__in=HEARD, then=Greatest(Coalesce("silent_at", until), until)))
    heard = Agent.objects.filter(pk=agent_id).exclude(status=AgentStatus.OFFLINE)
    return bool(heard.update(last_seen_at=Now(), silent_at=put_off))


def back_again(actor: Actor, agent_id: UUID, waiting: float) -> str:
    """An agent that was taken for dead calls."""
    agent = read_agent(agent_id)
    if agent.status == AgentStatus.OFFLINE:
        now, status = database_now(), AgentStatus.AVAILABLE
        values = {"last_seen_at": now, "silent_at": now + silence(waiting)}
        events = [moved(agent, status, "the agent was heard of again")]
        change(agent, actor=actor, status=status, events=events, values=values)
    return agent.status


def silence_agents(*, actor: Actor, limit: int) -> list[UUID]:
    """Take up to `limit` agents whose time is up offline; their ids."""
    if ANY_SILENT.first() is None:  # so that a tick with nothing to do takes no lock
        return []
    with transaction.atomic():
        # Without the key's lock: tasks may go on pointing to the agent meanwhile.
        due = silent().order_by("silent_at").select_for_update(skip_locked=True, no_key=True)
        asked = [taken_offline(agent) for agent in due[:limit]]
        return [written.pk for written in move_many(AGENTS, asked, actor=actor) if written]


def silent() -> QuerySet[Agent]:
    return Agent.objects.filter(silent_at__lte=Now(), status__in=HEARD)


ANY_SILENT = FixedQuery(lambda: silent().order_by().values_list("pk")[:1])


def offline_with_tasks() -> QuerySet[Agent]:
    """Agents that went offline, or were taken offline, and whose tasks may not have moved on yet."""
    return Agent.objects.filter(silent_at__lte=Now(), status=AgentStatus.OFFLINE)


def forget_offline(ids: Sequence[UUID]) -> None:
    """The tasks of these agents have moved on: nothing is due for them any more."""
    offline_with_tasks().filter(pk__in=ids).update(silent_at=None)


def taken_offline(agent: Agent) -> Move:
    seen = agent.last_seen_at.isoformat() if agent.last_seen_at else None
    story = moved(agent, AgentStatus.OFFLINE, "not heard of in time")
    story.data["last_seen_at"] = seen
    path = (AgentStatus.OFFLINE.value,)
    return Move(agent.pk, agent.status, agent.version, path, [story])


def moved(agent: Agent, status: AgentStatus, reason: str) -> Happening:
    return Happening(
        EVENTS[status], {"before": agent.status, "after": status.value, "reason": reason}
    )


def timer(agent: Agent, status: AgentStatus, now: datetime) -> dict[str, Any]:
    """What becomes of `silent_at`; one that is running is the agent's own, and goes on."""
    if status not in HEARD:
        return {"silent_at": now if status == AgentStatus.OFFLINE else None}
    return {} if agent.status in HEARD else {"silent_at": now + silence()}


def silence(waiting: float = 0) -> timedelta:
    return timedelta(seconds=settings.AGENT_SILENT_SECONDS + waiting)
