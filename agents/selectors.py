"""Reading the registry."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from agentic.errors import NotFound
from agents.models import Agent, AgentKey


def read_agent(agent_id: UUID) -> Agent:
    try:
        return Agent.objects.get(pk=agent_id)
    except Agent.DoesNotExist as error:
        raise NotFound("There is no such agent.") from error


def list_agents(*, after: str, limit: int, status: str = "") -> list[Agent]:
    """Up to `limit` agents whose names come after `after`, by name."""
    agents = Agent.objects.order_by("name")
    if after:
        agents = agents.filter(name__gt=after)
    if status:
        agents = agents.filter(status=status)
    return list(agents[:limit])


def list_keys(agent_id: UUID) -> QuerySet[AgentKey]:
    """All keys of the agent, live or not, the newest first."""
    return AgentKey.objects.filter(agent=agent_id).order_by("-created_at", "-pk")


def read_key(agent_id: UUID, key_id: UUID) -> AgentKey:
    try:
        return AgentKey.objects.get(pk=key_id, agent=agent_id)
    except AgentKey.DoesNotExist as error:
        raise NotFound("The agent has no such key.") from error
