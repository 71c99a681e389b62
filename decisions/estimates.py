"""How often what nobody looked at is wrong, told from the audit sample: those that would have passed, and were drawn.

Each decision that passes is drawn with a probability that is kept with it. One that was drawn with probability p
stands for (1 - p) / p others that were not. What people were asked about because the policy was unsure says nothing
of these, and is left out; so is what was drawn and has no verdict yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import fsum
from typing import NamedTuple

from decisions.statistics import wilson


class Drawn(NamedTuple):
    """A decision of the audit sample that a person has judged."""

    probability: float
    wrong: bool


class Estimate(NamedTuple):
    """A share with its 95 % interval; `n` were looked at. Without any, `value` is None, and all is possible."""

    value: float | None
    low: float
    high: float
    n: int


def wrong_among_unseen(sample: Iterable[Drawn]) -> Estimate:
    """The share of wrong ones among the decisions that passed and were not drawn.

    A ratio of weighted sums (Hájek); the interval is Wilson's, for as many as the weights are worth (Kish), less
    what those that were not drawn vary themselves.
    """
    judged = [one for one in sample if one.probability < 1]
    weights = [(1 - one.probability) / one.probability for one in judged]
    stood_for = fsum(weights)
    if not stood_for:
        return Estimate(None, 0.0, 1.0, len(judged))
    wrong = fsum(weight for one, weight in zip(judged, weights, strict=True) if one.wrong)
    worth = worth_of(weights)
    low, high = wilson(wrong / stood_for * worth, worth)
    return Estimate(wrong / stood_for, low, high, len(judged))


def worth_of(weights: Sequence[float]) -> float:
    """How many equally weighted ones, of an endless number, would say as much."""
    drawn = fsum(weights) ** 2 / fsum(weight * weight for weight in weights)
    return 1 / (1 / drawn + 1 / fsum(weights))
