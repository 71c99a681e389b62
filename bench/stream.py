"""A simulated stream of decisions: real answers, with the true label as the verdict of whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy

from bench.readers import Answers
from decisions.learning.examples import MICROSECONDS, Examples, Rows, examples_of
from decisions.models.task import Priority

# Of the items that no agent has learned from: so many are asked about first, the others are held out.
EARLIER = 2 / 3
# While people teach the platform: what is below goes to them, and so large a sample of the rest.
THRESHOLD, AUDIT = 0.9, 0.5
BEGIN, EVERY, VERDICT_AFTER = 1_790_000_000, 30, 60  # in seconds
SIZE = len('{"label":1}')
NO_WORTH = float("nan")


class Stream(NamedTuple):
    """Decisions in the order in which they were made, and whether they are wrong in truth."""

    rows: Rows
    wrong: Any


def halves(
    said: Answers, agents: Sequence[str], random: numpy.random.Generator
) -> tuple[Stream, Stream]:
    """Earlier decisions, and later ones on items that the earlier ones were not about."""
    first = int(len(said.right) * EARLIER)
    earlier = stream_of(said, slice(0, first), agents, random, BEGIN)
    after = BEGIN + first * len(agents) * EVERY + VERDICT_AFTER
    return earlier, stream_of(said, slice(first, None), agents, random, after)


def stream_of(
    said: Answers, items: slice, agents: Sequence[str], random: numpy.random.Generator, begin: int
) -> Stream:
    """Each agent is asked about each item once, in random order."""
    confidence, right = said.confidence[items].ravel(), said.right[items].ravel()
    n = len(right)
    order = random.permutation(n)
    names = numpy.tile(numpy.array(agents, dtype=object), n // len(agents))
    rows = Rows(
        names[order],
        numpy.full(n, "task", dtype=object),
        numpy.full(n, Priority.MEDIUM.value),
        confidence[order],
        numpy.full(n, NO_WORTH),
        numpy.ones(n),
        numpy.full(n, float(SIZE)),
        (begin + numpy.arange(n) * EVERY) * MICROSECONDS,
    )
    return Stream(rows, ~right[order])


def looked_at(stream: Stream, random: numpy.random.Generator) -> Examples:
    """What people saw of it, as examples; of the rest nothing is known."""
    doubtful = stream.rows.confidence < THRESHOLD
    seen = doubtful | (random.random(len(doubtful)) < AUDIT)
    weight = numpy.where(doubtful, 1.0, 1 / AUDIT)[seen]
    rows = stream.rows.chosen(seen)
    return examples_of(rows, rows.at + VERDICT_AFTER * MICROSECONDS, stream.wrong[seen], weight)
