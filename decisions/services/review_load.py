"""How much an agent brings to people: past its limit for an hour it is paused, and operators see why.

To count takes a query, so it is done the more often the nearer the limit is: of what an agent may still bring, each
process lets a tenth pass before it counts again. Far below the limit that is hardly ever.
"""

from __future__ import annotations

import threading
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from agentic.actors import Source, system
from agentic.clock import seconds_from_now
from agentic.errors import DomainError
from agentic.models import Event
from agentic.vocabulary import EntityType, EventType
from agents.models import Agent, AgentStatus
from agents.services import pause_agent
from decisions.models import Decision
from decisions.models.decision import Route

HOUR = 3600
SHARE = 10
TO_PEOPLE = (Route.PERSON, Route.SAMPLE)
PUT_BACK = (EventType.AGENT_AVAILABLE, EventType.AGENT_BUSY, EventType.AGENT_OFFLINE)


class AgentPaused(DomainError):
    """The agent is paused, and brings nothing new to people until an operator puts it back."""

    status = 409
    code = "agent_paused"


class Uncounted:
    """How many more decisions of each agent pass in this process before they are counted."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.left: dict[UUID, int] = {}

    def pass_by(self, agent_id: UUID, number: int) -> bool:
        """Whether they pass; False when it is time to count."""
        with self.lock:
            left = self.left[agent_id] = self.left.get(agent_id, 0) - number
        return left >= 0

    def allow(self, agent_id: UUID, number: int) -> None:
        with self.lock:
            self.left[agent_id] = number


uncounted = Uncounted()


def refuse_paused(agent_id: UUID) -> None:
    """One task that it holds is enough for an agent to make proposals without end."""
    because = Agent.objects.values_list("paused_because", flat=True).get(pk=agent_id)
    if because:
        raise AgentPaused(f"The agent is paused until an operator puts it back: {because}.")


def brought_to_people(agent_id: UUID, number: int) -> None:
    """So many decisions of this agent wait for a person, once the transaction is committed."""
    if number:
        transaction.on_commit(partial(watch, agent_id, number), robust=True)


def watch(agent_id: UUID, number: int) -> None:
    if uncounted.pass_by(agent_id, number):
        return
    limit = Agent.objects.values_list("max_decisions_per_hour", flat=True).get(pk=agent_id)
    found = brought_lately(agent_id)
    uncounted.allow(agent_id, max(0, limit - found) // SHARE)
    if found > limit:
        because = f"more than {limit} decisions for people in an hour"
        pause_agent(actor=system(Source.AGENT), agent_id=agent_id, because=because)


def brought_lately(agent_id: UUID) -> int:
    """In the last hour; after a pause, since an operator put the agent back."""
    brought = Decision.objects.filter(
        agent=agent_id, route__in=TO_PEOPLE, created_at__gt=seconds_from_now(-HOUR)
    )
    since = put_back_at(agent_id)
    return (brought.filter(created_at__gt=since) if since else brought).count()


def put_back_at(agent_id: UUID) -> datetime | None:
    """Only an operator ends a maintenance: an agent that goes and comes again gains nothing."""
    told = Event.objects.filter(
        entity_type=EntityType.AGENT,
        entity_id=agent_id,
        event_type__in=PUT_BACK,
        data__before=AgentStatus.MAINTENANCE,
    )
    return told.order_by("-version").values_list("created_at", flat=True).first()
