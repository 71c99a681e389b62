"""What the tests of the registry look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agentic.clock import Now
from agentic.models import Event
from agents.models import Agent


def story(agent: Agent) -> list[tuple[int, str]]:
    """Version and type of each event of the agent, in order."""
    return list(
        Event.objects.filter(entity_id=agent.pk)
        .order_by("position")
        .values_list("version", "event_type")
    )


def last_told(agent: Agent) -> dict[str, Any]:
    data: dict[str, Any] = Event.objects.filter(entity_id=agent.pk).latest("position").data
    return data


def fresh(agent: Agent) -> Agent:
    return Agent.objects.get(pk=agent.pk)


def let_time_pass(agent: Agent, seconds: float) -> None:
    """Everything that the agent's row remembers lies so much further back."""
    row = fresh(agent)
    back = timedelta(seconds=seconds)
    Agent.objects.filter(pk=agent.pk).update(
        last_seen_at=row.last_seen_at and row.last_seen_at - back,
        silent_at=row.silent_at and row.silent_at - back,
    )


def seconds_until_silent(agent: Agent) -> float:
    row = Agent.objects.annotate(now=Now()).get(pk=agent.pk)
    assert row.silent_at is not None
    return (row.silent_at - row.now).total_seconds()
