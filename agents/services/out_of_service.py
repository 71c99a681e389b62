"""An agent is taken out of service by something that will let go of it again, and then put back as it was."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from agentic.actors import Actor
from agentic.clock import database_now
from agentic.models import Event
from agentic.vocabulary import EntityType
from agents.models import AgentStatus
from agents.selectors import read_agent
from agents.services.changing import again_on_conflict, change
from agents.services.liveness import EVENTS, moved, timer

LONGEST_REASON = 200


class TakenOut(NamedTuple):
    """What the agent was before, and its version since: so that it is known whether anybody has set it again."""

    before: str
    version: int


def take_out_of_service(*, actor: Actor, agent_id: UUID, because: str) -> TakenOut:
    """Into maintenance, with the reason. One that is there already stays as whoever put it there has left it."""

    def step() -> TakenOut:
        agent = read_agent(agent_id)
        before = agent.status
        if before != AgentStatus.MAINTENANCE:
            status, why = AgentStatus.MAINTENANCE, because[:LONGEST_REASON]
            values = {**timer(agent, status, database_now()), "paused_because": why}
            events = [moved(agent, status, because)]
            change(agent, actor=actor, status=status, events=events, values=values)
        return TakenOut(before, agent.version)

    return again_on_conflict(step)


def put_back_into_service(*, actor: Actor, agent_id: UUID, taken: TakenOut, reason: str) -> bool:
    """As it was before, unless somebody has set its status meanwhile, or it was out of service already."""

    def step() -> bool:
        agent, status = read_agent(agent_id), AgentStatus(taken.before)
        if taken.before == AgentStatus.MAINTENANCE or was_set_since(agent_id, taken.version):
            return False
        values = {**timer(agent, status, database_now()), "paused_because": ""}
        change(
            agent, actor=actor, status=status, events=[moved(agent, status, reason)], values=values
        )
        return True

    return again_on_conflict(step)


def was_set_since(agent_id: UUID, version: int) -> bool:
    told = Event.objects.filter(entity_type=EntityType.AGENT, entity_id=agent_id)
    return told.filter(version__gt=version, event_type__in=EVENTS.values()).exists()
