"""From verdicts to maps of confidence: for all agents together, for each, and for each type of its tasks.

Every map is learned twice over. First a line on the scale of log-odds (Platt), held near that of the map above it by a
penalty: near itself for all agents, near all agents for one, near the agent for one type. Then steps that only rise
(isotonic regression), as if PRIOR verdicts more had been given that agree with the line. So few verdicts move a map
little, and many may bend it. Needs scikit-learn, which no process that only decides ever imports. Needs no database.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy
from sklearn.isotonic import IsotonicRegression

from decisions.calibration import effective_n
from decisions.learning.examples import Examples
from decisions.learning.maps import Map, Maps

# A map of its own rests on verdicts that are worth at least so many.
FEWEST = 50
PRIOR = 100
# Of a slope and an offset that differ from those above, half their squares times this count as unlikely.
PENALTY = 3.0
# A stated confidence of 0 or 1 is no more than this; what it is worth is never surer than that.
SUREST, SUREST_WORTH = 0.9999, 0.999
# Stated confidences that differ by less, on the scale of log-odds, share a point.
STEP = 0.1
DIGITS = 9
ROUNDS = 100
CLOSE = 1e-10
AS_STATED = (1.0, 0.0)


class Stated(NamedTuple):
    """Decisions with a stated confidence that people judged: an entry of each array for each."""

    agents: Any
    task_types: Any
    confidence: Any
    right: Any
    weight: Any

    def chosen(self, places: Any) -> Stated:
        return Stated(*(column[places] for column in self))

    @property
    def n(self) -> int:
        return len(self.right)

    @property
    def is_enough(self) -> bool:
        """For a map of its own: also where all are right, or all are wrong."""
        return self.n > 0 and effective_n(self.weight) >= FEWEST

    @property
    def is_enough_for_all(self) -> bool:
        """For a map that others lean on."""
        return self.is_enough and 0 < self.right.sum() < self.n


def stated_of(examples: Examples) -> Stated:
    """Those of them that came with a confidence."""
    rows = examples.rows
    every = Stated(rows.agents, rows.task_types, rows.confidence, ~examples.wrong, examples.weight)
    return every.chosen(~numpy.isnan(rows.confidence))


def maps_of(stated: Stated) -> Maps:
    """Of examples that are enough; who has too few has no map of its own."""
    pooled = map_of(stated, AS_STATED)
    agents: dict[str, Map] = {}
    task_types: dict[str, dict[str, Map]] = {}
    for agent in sorted(set(stated.agents.tolist())):
        own = stated.chosen(stated.agents == agent)
        if own.is_enough:
            agents[agent] = map_of(own, line_of(pooled))
        by_type = types_of(own, line_of(agents.get(agent, pooled)))
        if by_type:
            task_types[agent] = by_type
    return Maps("calibration/1", pooled, agents, task_types)


def types_of(own: Stated, above: tuple[float, float]) -> dict[str, Map]:
    """An agent that does one type of task only needs no second map."""
    found = {
        name: own.chosen(own.task_types == name) for name in sorted(set(own.task_types.tolist()))
    }
    if len(found) < 2:
        return {}
    return {name: map_of(some, above) for name, some in found.items() if some.is_enough}


def line_of(known: Map) -> tuple[float, float]:
    return known.slope, known.offset


def map_of(stated: Stated, above: tuple[float, float]) -> Map:
    """`above` is the line that this one is held near."""
    effective = effective_n(stated.weight)
    weight = stated.weight / stated.weight.sum() * effective
    odds = log_odds(stated.confidence)
    slope, offset = line(odds, stated.right, weight, above)
    points, right, weight = gathered(odds, stated.right, weight)
    expected = probability(slope * points + offset)
    leaning = (right * effective + expected * PRIOR) / (effective + PRIOR)
    steps = IsotonicRegression(y_min=1 - SUREST_WORTH, y_max=SUREST_WORTH)
    worth = steps.fit(points, leaning, weight).predict(points)
    places, (slope, offset) = rounded(probability(points)), rounded((slope, offset))
    return Map(places, rounded(worth), slope, offset, stated.n, round(effective, 3))


def rounded(values: Any) -> list[float]:
    return [round(float(value), DIGITS) for value in values]


def log_odds(confidence: Any) -> Any:
    held = numpy.clip(confidence, 1 - SUREST, SUREST)
    return numpy.log(held / (1 - held))


def probability(odds: Any) -> Any:
    return 1 / (1 + numpy.exp(-odds))


def gathered(odds: Any, right: Any, weight: Any) -> tuple[Any, Any, Any]:
    """Those that are next to each other as one: where it lies, the share of right ones, and its weight."""
    _, places = numpy.unique(numpy.round(odds / STEP), return_inverse=True)
    weights = numpy.bincount(places, weight)
    middles = numpy.bincount(places, weight * odds) / weights
    return middles, numpy.bincount(places, weight * right) / weights, weights


def line(odds: Any, right: Any, weight: Any, above: tuple[float, float]) -> tuple[float, float]:
    """Slope and offset by Newton's method. Who is surer is never worth less: a slope below 0 is one of 0."""
    terms = numpy.stack([odds, numpy.ones(len(odds))])
    found = descended(terms, right, weight, numpy.array(above))
    if found[0] >= 0:
        return float(found[0]), float(found[1])
    return 0.0, float(descended(terms[1:], right, weight, numpy.array(above[1:]))[0])


def descended(terms: Any, right: Any, weight: Any, above: Any) -> Any:
    def loss(at: Any) -> float:
        odds = at @ terms
        unlikely = weight * (numpy.logaddexp(0, odds) - right * odds)
        return float(unlikely.sum() + PENALTY * numpy.square(at - above).sum() / 2)

    at = above.astype(float)
    for _ in range(ROUNDS):
        expected = probability(at @ terms)
        slope = terms @ (weight * (expected - right)) + PENALTY * (at - above)
        bend = (terms * (weight * expected * (1 - expected))) @ terms.T
        step = numpy.linalg.solve(bend + PENALTY * numpy.eye(len(at)), slope)
        while loss(at - step) > loss(at) + CLOSE:
            step = step / 2
        at = at - step
        if numpy.abs(step).max() < CLOSE:
            break
    return at
