"""Delegation by what is known of the agents: each is drawn for by how often it was right, and the best draw wins.

Thompson sampling: what is believed of an agent is a Beta distribution over the share of its results that are right. Who
is known to be good is mostly chosen; who is little known is tried now and then. Pure functions; none knows a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from random import Random, SystemRandom
from typing import Any, NamedTuple
from uuid import UUID

import numpy

# An agent is never held for better known than by so many outcomes: it stays possible to be surprised by it.
MOST_KNOWN = 1000.0
# Two outcomes, right in the share of all agents at this type, are taken for granted beside Beta(1, 1).
TAKEN_FOR_GRANTED = 2.0
# No choice that can be drawn is recorded as impossible: whoever weighs by 1 / probability divides by it.
LEAST_PROBABILITY = 1e-9
# Points of the integral, on arcsine square root: there, 1,000 outcomes are some 40 points wide wherever they lie.
POINTS = 1024
CHANCE: Random = SystemRandom()


class Outcomes(NamedTuple):
    """`right` of `known` outcomes as they were told; the `share` that they speak for, and how many that is worth."""

    right: int = 0
    known: int = 0
    share: float = 0.0
    weight: float = 0.0


class Belief(NamedTuple):
    """The parameters of a Beta distribution."""

    right: float
    wrong: float


class Records(NamedTuple):
    """The outcomes of each agent at each type of task, and of all agents together at each type."""

    of_agents: Mapping[tuple[UUID, str], Outcomes]
    of_types: Mapping[str, Outcomes]

    def of(self, agent_id: UUID, task_type: str) -> Outcomes:
        return self.of_agents.get((agent_id, task_type), NOTHING_KNOWN)

    def belief(self, agent_id: UUID, task_type: str) -> Belief:
        own = self.of(agent_id, task_type)
        all_agents = self.of_types.get(task_type, NOTHING_KNOWN)
        share = (all_agents.share * all_agents.weight + 1) / (all_agents.weight + 2)
        weight = min(own.weight, MOST_KNOWN)
        right = 1 + TAKEN_FOR_GRANTED * share + weight * own.share
        wrong = 1 + TAKEN_FOR_GRANTED * (1 - share) + weight * (1 - own.share)
        return Belief(right, wrong)


NOTHING_KNOWN = Outcomes()
NO_RECORDS = Records({}, {})


class Drawn(NamedTuple):
    """Whose draw was the highest: its place, the draw, what it was drawn from, and how probable that choice was."""

    place: int
    value: float
    belief: Belief
    probability: float


def draw(beliefs: Sequence[Belief], chance: Random) -> Drawn:
    values = [chance.betavariate(*belief) for belief in beliefs]
    place = max(range(len(values)), key=values.__getitem__)
    probability = probabilities(tuple(beliefs))[place]
    return Drawn(place, values[place], beliefs[place], probability)


@lru_cache(maxsize=1024)
def probabilities(beliefs: tuple[Belief, ...]) -> tuple[float, ...]:
    """With which each of them draws the highest value, by numerical integration; they sum to 1."""
    if len(beliefs) == 1:
        return (1.0,)
    mass = masses(numpy.array(beliefs))
    below = numpy.log(numpy.maximum(numpy.cumsum(mass, axis=1) - mass / 2, 1e-300))
    highest = (mass * numpy.exp(below.sum(axis=0) - below)).sum(axis=1)
    shares = numpy.maximum(highest / highest.sum(), LEAST_PROBABILITY)
    return tuple(shares.tolist())


def masses(beliefs: Any) -> Any:
    """Of each Beta distribution, at the points sin² of equal steps: what lies around each of them."""
    angles = (numpy.arange(POINTS) + 0.5) * (numpy.pi / 2 / POINTS)
    logs = (2 * beliefs - 1) @ numpy.log(numpy.stack([numpy.sin(angles), numpy.cos(angles)]))
    mass = numpy.exp(logs - logs.max(axis=1, keepdims=True))
    return mass / mass.sum(axis=1, keepdims=True)
