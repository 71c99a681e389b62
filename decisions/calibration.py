"""Whether a stated confidence keeps its word: the expected calibration error and the Brier score, with intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy

from decisions.statistics import BINS

ROUNDS = 400
LOW, HIGH = 2.5, 97.5
# An interval is the same each time that it is asked for.
SEED = 20_240_611
Score = Callable[[Any, Any], Any]


class Scored(NamedTuple):
    """A score, with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Calibration(NamedTuple):
    """Of `n` decisions that people judged. 0 is best for both; 0.25 is what a coin scores by Brier."""

    error: Scored
    brier: Scored
    n: int


def calibration(judged: Sequence[tuple[float, bool]]) -> Calibration | None:
    """Of pairs of stated confidence (0 to 1) and whether people found it right; None of nothing."""
    if not judged:
        return None
    stated = numpy.array([confidence for confidence, _ in judged])
    right = numpy.array([float(right) for _, right in judged])
    drawn = numpy.random.default_rng(SEED).integers(0, len(judged), (ROUNDS, len(judged)))
    return Calibration(
        scored(calibration_errors, stated, right, drawn),
        scored(brier_scores, stated, right, drawn),
        len(judged),
    )


def scored(score: Score, stated: Any, right: Any, drawn: Any) -> Scored:
    (value,) = score(stated[None, :], right[None, :])
    low, high = numpy.percentile(score(stated[drawn], right[drawn]), [LOW, HIGH])
    return Scored(float(value), float(low), float(high))


def calibration_errors(stated: Any, right: Any) -> Any:
    """For each row: by how much confidence and truth differ within each of ten bins, on average (Naeini 2015)."""
    places = numpy.minimum((stated * BINS).astype(int), BINS - 1)
    gaps = numpy.zeros(len(stated))
    for place in range(BINS):
        gaps += numpy.abs(numpy.where(places == place, stated - right, 0).sum(axis=1))
    return gaps / stated.shape[1]


def brier_scores(stated: Any, right: Any) -> Any:
    """For each row: the mean square of what confidence and truth differ by."""
    return numpy.square(stated - right).mean(axis=1)
