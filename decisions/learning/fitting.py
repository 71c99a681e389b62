"""From examples to the weights of a risk model: a logistic regression, made a probability on what it was not fitted to.

Needs scikit-learn, which no process that only scores ever imports. Needs no database.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec
import numpy
from sklearn.linear_model import LogisticRegression

from decisions.calibration import effective_n
from decisions.learning.examples import Examples
from decisions.learning.features import PLAIN, PRIORITIES, plain
from decisions.learning.folds import folds, own_maps, with_worth_by_others
from decisions.learning.record import LAG, Book, as_of, said_in
from decisions.learning.scorer import PARTS, Line, Scorer, Weights, found, places

# The oldest of the decisions are learned from; the rest tests what was learned.
LEARNED = 0.8
# Who has fewer examples shares the weights of all others.
FEWEST_OF_ONE, MOST_AGENTS, MOST_TYPES = 20, 40, 20
FEWEST_TO_CALIBRATE = 10  # of the wrong ones, and of the right ones
STRENGTH = 0.3
UNBOUND = 100.0  # two numbers from many decisions need no holding back
ROUNDS = 1_000


class Parts(NamedTuple):
    """The examples in two, the earliest first."""

    learned: Examples
    tested: Examples


class Fitted(NamedTuple):
    weights: Weights
    parts: Parts
    risk: Any  # of the tested ones
    is_calibrated: bool


def split(examples: Examples) -> Parts:
    first = int(examples.n * LEARNED)
    return Parts(examples.chosen(slice(0, first)), examples.chosen(slice(first, None)))


def fit(examples: Examples, *, seed: int = 0, strength: float = STRENGTH) -> Fitted:
    """`strength` is the inverse of the penalty on large weights. The same examples give the same weights."""
    parts = split(examples)
    learned = with_worth_by_others(parts.learned)
    frame = frame_of(learned)
    learner = LogisticRegression(C=strength, max_iter=ROUNDS, random_state=seed)
    columns = matrix(frame, learned)
    slope, offset = calibrated(learner, columns, learned)
    learner.fit(columns, learned.wrong, evened(learned.weight))
    weights = weights_of(frame, learner, slope, offset, parts.learned)
    tested = parts.tested
    risk = Scorer(weights).score_many(tested.rows, as_of(tested.rows, tested.history))
    return Fitted(weights, parts, risk, (slope, offset) != AS_IT_IS)


class Frame(NamedTuple):
    """What has weights of its own, and within which bounds values count."""

    agents: list[str]
    task_types: list[str]
    lowest: Any
    highest: Any


def frame_of(learned: Examples) -> Frame:
    values = plain(learned.rows.facts, as_of(learned.rows, learned.history))
    return Frame(
        most_frequent(learned.rows.agents, MOST_AGENTS),
        most_frequent(learned.rows.task_types, MOST_TYPES),
        values.min(axis=1),
        values.max(axis=1),
    )


def most_frequent(names: Any, most: int) -> list[str]:
    """Sorted by name; of those with as many, the first by name."""
    different, counts = numpy.unique(names, return_counts=True)
    often = numpy.argsort(-counts, kind="stable")
    often = often[counts[often] >= FEWEST_OF_ONE][:most]
    return sorted(different[often].tolist())


def matrix(frame: Frame, examples: Examples) -> Any:
    """A row for each: PLAIN, then by priority, by agent, the doubt by agent, and by task type."""
    values = plain(examples.rows.facts, as_of(examples.rows, examples.history)).T
    values = numpy.minimum(numpy.maximum(values, frame.lowest), frame.highest)
    agents = one_of(found(examples.rows.agents, places(frame.agents)), len(frame.agents) + 1)
    types = found(examples.rows.task_types, places(frame.task_types))
    return numpy.hstack(
        [
            values,
            one_of(examples.rows.priority, len(PRIORITIES)),
            agents,
            agents * values[:, :1],
            one_of(types, len(frame.task_types) + 1),
        ]
    )


def one_of(places: Any, many: int) -> Any:
    return numpy.eye(many)[places]


def evened(weight: Any) -> Any:
    """They add up to what they are worth (Kish): where few stand for many, the penalty keeps them from shouting."""
    return weight / weight.sum() * effective_n(weight)


AS_IT_IS = (1.0, 0.0)


def calibrated(learner: Any, columns: Any, learned: Examples) -> tuple[float, float]:
    """Slope and offset of Platt's sigmoid, on what the others say of each; as it is where there are too few."""
    wrong = learned.wrong
    if min(wrong.sum(), (~wrong).sum()) < FEWEST_TO_CALIBRATE:
        return AS_IT_IS
    weight, scores = evened(learned.weight), numpy.empty((learned.n, 1))
    for held_out in folds(wrong):
        learner.fit(columns[~held_out], wrong[~held_out], evened(learned.weight[~held_out]))
        scores[held_out, 0] = learner.decision_function(columns[held_out])
    sigmoid = LogisticRegression(C=UNBOUND).fit(scores, wrong, weight)
    slope, offset = float(sigmoid.coef_[0, 0]), float(sigmoid.intercept_[0])
    return (slope, offset) if slope > 0 else AS_IT_IS


def weights_of(
    frame: Frame, learner: Any, slope: float, offset: float, learned: Examples
) -> Weights:
    agents = len(frame.agents) + 1
    ends = numpy.cumsum([len(PLAIN), len(PRIORITIES), agents, agents])
    of_plain, of_priority, of_agent, of_doubt, of_type = numpy.split(learner.coef_[0], ends)
    until = int(learned.history.at.max(initial=0)) - LAG
    weights = Weights(
        kind="review_risk/1",
        agents=frame.agents,
        task_types=frame.task_types,
        of_plain=of_plain.tolist(),
        of_priority=of_priority.tolist(),
        of_agent=of_agent.tolist(),
        of_doubt=of_doubt.tolist(),
        of_task_type=of_type.tolist(),
        intercept=float(learner.intercept_[0]),
        lowest=frame.lowest.tolist(),
        highest=frame.highest.tolist(),
        usual=[0.0] * len(PARTS),
        slope=slope,
        offset=offset,
        known_until=until,
        learned_until=int(learned.rows.at.max(initial=0)),
        records=records_until(learned, until),
        maps=own_maps(learned),
    )
    return msgspec.structs.replace(weights, usual=usual_parts(weights, learned))


def records_until(learned: Examples, until: int) -> list[Line]:
    book = Book()
    book.add(said_in(learned.history, until))
    lines = [(*pair, float(t.wrong), float(t.seen), int(t.n)) for pair, t in book.pairs.items()]
    return sorted(lines)


def usual_parts(weights: Weights, learned: Examples) -> list[float]:
    parts = Scorer(weights).parts_of(learned.rows, as_of(learned.rows, learned.history))
    usual: list[float] = numpy.average(parts, axis=1, weights=learned.weight).tolist()
    return usual
