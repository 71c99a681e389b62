"""Figures over seeds: means with their 95 % intervals, and whether one way is better than another on the same seeds."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy
from scipy import stats

ROUNDS, SEED = 10_000, 20_240_611
SURELY = 0.05
TINY = 1e-9


class Mean(NamedTuple):
    """With its 95 % interval, over `n` seeds."""

    value: float
    low: float
    high: float
    n: int


class Difference(NamedTuple):
    """Of the same seeds: by Student's paired t test, and by Wilcoxon's signed ranks.

    The seeds draw from one data set, so that they are not independent: `careful` is the p value of the t test with the
    variance of Nadeau and Bengio (2003), which allows for that.
    """

    mean: Mean
    p: float
    p_ranks: float
    careful: float

    @property
    def is_significant(self) -> bool:
        return self.mean.value > 0 and max(self.p, self.p_ranks) < SURELY

    @property
    def is_careful(self) -> bool:
        return self.is_significant and self.careful < SURELY


def mean_of(values: Sequence[float]) -> Mean:
    """By Student's t."""
    n = len(values)
    middle = float(numpy.mean(values))
    reach = float(stats.t.ppf(0.975, n - 1) * numpy.std(values, ddof=1) / sqrt(n))
    return Mean(middle, middle - reach, middle + reach, n)


def difference(better: Sequence[float], other: Sequence[float], tested: float) -> Difference:
    """`tested` is how many decisions test, for each that is learned from."""
    apart = numpy.subtract(better, other)
    n, middle, spread = len(apart), float(apart.mean()), float(apart.std(ddof=1))
    if not spread:
        return Difference(Mean(middle, middle, middle, n), 1.0, 1.0, 1.0)
    return Difference(
        mean_of(apart.tolist()),
        p_of(middle / (spread * sqrt(1 / n)), n),
        float(stats.wilcoxon(apart).pvalue),
        p_of(middle / (spread * sqrt(1 / n + tested)), n),
    )


def p_of(t: float, n: int) -> float:
    return float(2 * stats.t.sf(abs(t), n - 1))


def fall(before: Sequence[float], after: Sequence[float]) -> Mean:
    """By which share the mean falls; the interval by drawing seeds anew."""
    pairs = numpy.array([before, after])
    n = pairs.shape[1]
    drawn = numpy.random.default_rng(SEED).integers(0, n, (ROUNDS, n))
    first, last = pairs[:, drawn].mean(axis=2)
    low, high = numpy.percentile(1 - last / numpy.maximum(first, TINY), [2.5, 97.5])
    return Mean(float(1 - pairs[1].mean() / max(pairs[0].mean(), TINY)), float(low), float(high), n)
