"""Whether a stated confidence keeps its word: the calibration error, plain and debiased, and the Brier score.

Each with its 95 % bootstrap interval. Chance alone makes the plain error of a few decisions larger than it is; the
debiased one takes away what chance adds. Decisions count by their weights, 1 / the probability of having been seen.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy

from decisions.statistics import BINS, FEW, wilson

ROUNDS = 400
LOW, HIGH = 2.5, 97.5
# An interval is the same each time that it is asked for.
SEED = 20_240_611
# A bin of the debiased error has at least as many, so that it can tell how much of it is chance.
FEWEST_IN_A_BIN = 10


class Scored(NamedTuple):
    """A score, with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Calibration(NamedTuple):
    """Of `n` decisions that people judged, which say as much as `effective` of one weight would.

    `error` is the expected calibration error (ECE) as it is most often given: ten bins of one width, and by how much
    confidence and truth differ within each, on average. `debiased` is the root of the mean square of that, in bins with
    as many decisions each, less what chance adds. 0 is best for all; 0.25 is what a coin scores by Brier.
    """

    error: Scored
    debiased: Scored
    brier: Scored
    n: int
    effective: float


def measure(stated: Any, right: Any, weights: Any = None) -> Calibration | None:
    """Of arrays: confidences from 0 to 1, whether people found it right, and what each stands for. None of nothing."""
    n = len(stated)
    if not n:
        return None
    weights = numpy.ones(n) if weights is None else numpy.asarray(weights, float)
    sample = in_order(numpy.asarray(stated, float), numpy.asarray(right, float), weights)
    chance = numpy.random.default_rng(SEED)
    drawn = (numpy.bincount(chance.integers(0, n, n), minlength=n) for _ in range(ROUNDS))
    found = numpy.array([scores(sample, counts) for counts in drawn])
    error, square, brier = map(around, scores(sample, numpy.ones(n)), found.T)
    return Calibration(positive(error), rooted(square), positive(brier), n, effective_n(weights))


def effective_n(weights: Any) -> float:
    """How many of one weight would say as much (Kish)."""
    return float(weights.sum() ** 2 / numpy.square(weights).sum()) if len(weights) else 0.0


class Sample(NamedTuple):
    """By stated confidence: the sums that scores are made of, and where the bins of either kind begin."""

    terms: Any
    even: Any  # bins of one width
    full: Any  # bins with as many each; those with the same confidence are together


def in_order(stated: Any, right: Any, weights: Any) -> Sample:
    order = numpy.argsort(stated, kind="stable")
    stated, gap, weight = stated[order], (stated - right)[order], weights[order]
    square = weight * weight
    terms = (weight, weight * gap, weight * gap * gap, square, square * gap, square * gap * gap)
    many = max(1, min(BINS, len(stated) // FEWEST_IN_A_BIN))
    firsts = numpy.arange(many) * len(stated) // many
    return Sample(
        numpy.stack([numpy.ones(len(stated)), *terms]),
        begins(stated, numpy.minimum((stated * BINS).astype(int), BINS - 1)),
        begins(stated, numpy.searchsorted(firsts, numpy.searchsorted(stated, stated), "right")),
    )


def begins(stated: Any, bins: Any) -> Any:
    return numpy.flatnonzero(numpy.diff(bins, prepend=-1))


def scores(sample: Sample, counts: Any) -> tuple[float, float, float]:
    """The plain error, the square of the debiased one, and Brier's; `counts` says how often each was drawn."""
    terms = sample.terms * counts
    everything = terms[1].sum()
    plain = numpy.abs(numpy.add.reduceat(terms[2], sample.even)).sum() / everything
    return plain, debiased_square(terms, sample.full) / everything, terms[3].sum() / everything


def debiased_square(terms: Any, bins: Any) -> float:
    """Summed over bins: the square of the gap, less the variance that chance gives it (Bröcker 2012, Kumar 2019)."""
    n, weight, gaps, _, squares, of_gaps, of_squares = numpy.add.reduceat(terms, bins, axis=1)
    there = numpy.maximum(weight, 1e-12)
    gap = gaps / there
    spread = of_squares - 2 * gap * of_gaps + gap * gap * squares
    variance = spread / there**2 * n / numpy.maximum(n - 1, 1)
    return float((weight * numpy.where(n > 1, gap * gap - variance, 0.0)).sum())


def around(value: float, found: Any) -> Scored:
    """What drawing anew changes, laid around the value: drawing adds chance of its own, which is taken out."""
    low, high = numpy.percentile(found - found.mean(), [LOW, HIGH])
    return Scored(float(value), float(value + low), float(value + high))


def positive(score: Scored) -> Scored:
    return Scored(*(min(max(number, 0.0), 1.0) for number in score))


def rooted(square: Scored) -> Scored:
    return Scored(*(number**0.5 for number in positive(square)))


class Bin(NamedTuple):
    """Of decisions whose confidence lies from `low` to `high`: its mean, and the share that people found right.

    Both by weight; `interval` is the share's, for as many as the weights are worth. None of nothing.
    """

    low: float
    high: float
    confidence: float | None
    right: float | None
    interval: tuple[float, float]
    n: int

    @property
    def few(self) -> bool:
        return self.n < FEW


def in_bins(stated: Any, right: Any, weights: Any) -> list[Bin]:
    """In bins of one width; an empty one is there, with n = 0."""
    places = numpy.minimum((stated * BINS).astype(int), BINS - 1)
    return [
        bin_of(place, stated[there], right[there], weights[there])
        for place in range(BINS)
        for there in (places == place,)
    ]


def bin_of(place: int, stated: Any, right: Any, weights: Any) -> Bin:
    low, high = place / BINS, (place + 1) / BINS
    if not len(stated):
        return Bin(low, high, None, None, (0.0, 1.0), 0)
    share, worth = float(numpy.average(right, weights=weights)), effective_n(weights)
    middle = float(numpy.average(stated, weights=weights))
    return Bin(low, high, middle, share, wilson(share * worth, worth), len(stated))
