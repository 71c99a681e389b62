"""Delegation: which of the agents that take work gets a task. Pure functions; none knows a database.

Whatever the strategy, an agent is chosen only if it has what the task requires, is not excluded and has room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.core.exceptions import ImproperlyConfigured

from agents.thompson import CHANCE, NO_RECORDS, Drawn, Outcomes, Records, draw

LEARNED = "learned"
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
    """Who was chosen, and why, in words for the operator who reads the event.

    `probability`: with which it was this agent, among those that could; None where nothing was left to chance.
    """

    agent_id: UUID
    agent_name: str
    strategy: str
    reason: str
    probability: float | None = None


class UnknownStrategy(ImproperlyConfigured):
    """DELEGATION_STRATEGY names no strategy."""


class Strategy(NamedTuple):
    """The smallest `rank` is chosen; `why` says what made it so. A name decides between equals."""

    rank: Callable[[Wanted, Candidate], tuple[Any, ...]]
    why: Callable[[Wanted, Candidate], str]


def choose(
    strategy: str,
    wanted: Wanted,
    candidates: Iterable[Candidate],
    records: Records = NO_RECORDS,
    chance: Random = CHANCE,
) -> Choice | None:
    """The agent to give the task to; None when no candidate is able and free."""
    ranked = None if strategy == LEARNED else named(strategy)
    able = [candidate for candidate in candidates if wanted.fits(candidate)]
    if not able:
        return None
    others = [candidate for candidate in able if candidate.agent_id != wanted.avoided] or able
    if ranked:
        best, why, probability = *first_of(ranked, wanted, others), None
    else:
        best, why, probability = drawn_of(records, wanted, others, chance)
    reason = f"{why}, load {best.load} of {best.capacity}; {how_many(len(able))}"
    return Choice(best.agent_id, best.name, strategy, reason, probability)


def first_of(
    strategy: Strategy, wanted: Wanted, able: Sequence[Candidate]
) -> tuple[Candidate, str]:
    best = min(able, key=lambda candidate: (*strategy.rank(wanted, candidate), candidate.name))
    return best, strategy.why(wanted, best)


def drawn_of(
    records: Records, wanted: Wanted, able: Sequence[Candidate], chance: Random
) -> tuple[Candidate, str, float]:
    able = sorted(able, key=lambda candidate: candidate.name)
    drawn = draw([records.belief(one.agent_id, wanted.task_type) for one in able], chance)
    best = able[drawn.place]
    known = records.of(best.agent_id, wanted.task_type)
    return best, draw_in_words(drawn, known), drawn.probability


def named(strategy: str) -> Strategy:
    try:
        return STRATEGIES[strategy]
    except KeyError as error:
        raise UnknownStrategy(
            f"DELEGATION_STRATEGY is {strategy!r}; it takes one of {', '.join(KNOWN)}."
        ) from error


def check_name(strategy: str) -> None:
    """UnknownStrategy, if there is none of this name."""
    if strategy != LEARNED:
        named(strategy)


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


def draw_in_words(drawn: Drawn, known: Outcomes) -> str:
    belief = f"Beta({drawn.belief.right:.3g}, {drawn.belief.wrong:.3g})"
    record = f"was right in {known.right} of {known.known} of this type"
    if not known.known:
        record = "no outcome of this type is known"
    return f"drawn {drawn.value:.2f} of {belief}; {record}; probability {drawn.probability:.2g}"


STRATEGIES = {
    "capability_match": Strategy(by_fit, fit_in_words),
    "round_robin": Strategy(by_turn, turn_in_words),
    "least_loaded": Strategy(by_load, load_in_words),
    "priority_based": Strategy(by_priority, priority_in_words),
}
KNOWN = (*STRATEGIES, LEARNED)
