"""Delegation: which of the agents that take work gets a task. Pure functions; none knows a database.

Whatever the strategy, an agent is chosen only if it has what the task requires, is not excluded and has room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.core.exceptions import ImproperlyConfigured

NEVER = datetime.min.replace(tzinfo=UTC)


class Candidate(msgspec.Struct, frozen=True):
    """An agent that takes work. `load` is how many tasks it holds, `capacity` how many it may hold."""

    agent_id: UUID
    name: str
    capabilities: frozenset[str]
    load: int
    capacity: int
    priority_level: int
    last_assigned_at: datetime | None
    task_types: frozenset[str] = frozenset()  # empty: any
    refused_types: frozenset[str] = frozenset()  # nobody gets these now

    @property
    def share(self) -> float:
        return self.load / self.capacity


class Wanted(msgspec.Struct, frozen=True):
    """What a task asks of an agent."""

    task_type: str
    required_capabilities: frozenset[str]
    excluded: frozenset[UUID]
    avoided: UUID | None = None  # it has just let this task down: only if nobody else fits

    def fits(self, candidate: Candidate) -> bool:
        return candidate.load < candidate.capacity and self.suits(candidate)

    def suits(self, candidate: Candidate) -> bool:
        """Whether it would fit, if there is room."""
        return (
            candidate.agent_id not in self.excluded
            and self.required_capabilities <= candidate.capabilities
            and (not candidate.task_types or self.task_type in candidate.task_types)
            and self.task_type not in candidate.refused_types
        )

    def beyond(self, candidate: Candidate) -> int:
        """How many capabilities the candidate has that the task does not ask for."""
        return len(candidate.capabilities - self.required_capabilities)


class Choice(msgspec.Struct, frozen=True):
    """Who was chosen, and why, in words for the operator who reads the event."""

    agent_id: UUID
    agent_name: str
    strategy: str
    reason: str


class UnknownStrategy(ImproperlyConfigured):
    """DELEGATION_STRATEGY names no strategy."""


class Strategy(NamedTuple):
    """The smallest `rank` is chosen; `why` says what made it so. A name decides between equals."""

    rank: Callable[[Wanted, Candidate], tuple[Any, ...]]
    why: Callable[[Wanted, Candidate], str]


def choose(strategy: str, wanted: Wanted, candidates: Iterable[Candidate]) -> Choice | None:
    """The agent to give the task to; None when no candidate is able and free."""
    rank, why = named(strategy)
    able = [candidate for candidate in candidates if wanted.fits(candidate)]
    if not able:
        return None
    others = [candidate for candidate in able if candidate.agent_id != wanted.avoided]
    best = min(others or able, key=lambda candidate: (*rank(wanted, candidate), candidate.name))
    reason = f"{why(wanted, best)}, load {best.load} of {best.capacity}; {how_many(len(able))}"
    return Choice(best.agent_id, best.name, strategy, reason)


def named(strategy: str) -> Strategy:
    try:
        return STRATEGIES[strategy]
    except KeyError as error:
        known = ", ".join(STRATEGIES)
        raise UnknownStrategy(
            f"DELEGATION_STRATEGY is {strategy!r}; it takes one of {known}."
        ) from error


def how_many(able: int) -> str:
    return "the only agent that could" if able == 1 else f"{able} agents could"


def by_fit(wanted: Wanted, candidate: Candidate) -> tuple[Any, ...]:
    return wanted.beyond(candidate), candidate.share, -candidate.priority_level


def by_turn(wanted: Wanted, candidate: Candidate) -> tuple[Any, ...]:
    return (candidate.last_assigned_at or NEVER,)


def by_load(wanted: Wanted, candidate: Candidate) -> tuple[Any, ...]:
    return candidate.share, -candidate.priority_level


def by_priority(wanted: Wanted, candidate: Candidate) -> tuple[Any, ...]:
    return -candidate.priority_level, candidate.share


def fit_in_words(wanted: Wanted, candidate: Candidate) -> str:
    return f"fewest other capabilities ({wanted.beyond(candidate)})"


def turn_in_words(wanted: Wanted, candidate: Candidate) -> str:
    if candidate.last_assigned_at is None:
        return "has not had a task yet"
    return f"longest without a new task (since {candidate.last_assigned_at:%Y-%m-%d %H:%M:%S} UTC)"


def load_in_words(wanted: Wanted, candidate: Candidate) -> str:
    return f"smallest share of load ({candidate.share:.0%})"


def priority_in_words(wanted: Wanted, candidate: Candidate) -> str:
    return f"highest priority level ({candidate.priority_level})"


STRATEGIES = {
    "capability_match": Strategy(by_fit, fit_in_words),
    "round_robin": Strategy(by_turn, turn_in_words),
    "least_loaded": Strategy(by_load, load_in_words),
    "priority_based": Strategy(by_priority, priority_in_words),
}
