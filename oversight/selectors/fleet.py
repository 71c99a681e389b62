"""All agents in one look: their states, and how much each of them holds."""

from __future__ import annotations

from typing import NamedTuple

from django.db.models import Count

from agents.models import Agent, AgentStatus
from oversight.selectors.agents import held_by

MOST_SHOWN = 60


class Loaded(NamedTuple):
    agent: Agent
    held: int


class Fleet(NamedTuple):
    """The first of them by name, so that each keeps its place; `number` is of all."""

    shown: list[Loaded]
    number: int
    states: list[tuple[str, int]]


def fleet() -> Fleet:
    agents = list(Agent.objects.order_by("name")[:MOST_SHOWN])
    held = held_by([agent.pk for agent in agents])
    counts = dict(Agent.objects.order_by().values_list("status").annotate(Count("pk")))
    states = [(str(status), counts[status]) for status in AgentStatus.values if status in counts]
    return Fleet([Loaded(agent, held[agent.pk]) for agent in agents], sum(counts.values()), states)
