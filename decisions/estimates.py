"""How often what nobody looked at is wrong, told from the audit sample: those that would have passed, and were drawn.

Each decision that passes is drawn with a probability that is kept with it. One that was drawn with probability p
stands for (1 - p) / p others that were not. What people were asked about because the policy was unsure says nothing
of these, and is left out; so is what was drawn and has no verdict yet.

For a policy that is only tried, all count that it would let pass, and what people were asked about tells of such as
well. There those with a verdict stand for all that were to be seen with the same probability, judged or not: while
many still wait, 1 / p would tell of few what is true of many, or of none at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import compress
from math import fsum, sqrt
from typing import NamedTuple

from decisions.statistics import Z95, wilson

# A sample of a smaller share is as good as none: of 1,000 that pass it draws fewer than five.
LEAST_SAMPLE = 0.005
# So many wrong ones say as much of how the wrong ones lie as the weights do.
ENOUGH_WRONG = 20


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

    A ratio of weighted sums (Hájek); the interval is Wilson's, for as many as the sample is worth, less what those that
    were not drawn vary themselves.
    """
    judged = [one for one in sample if one.probability < 1]
    weights = [(1 - one.probability) / one.probability for one in judged]
    sums = summed(weights, [one.wrong for one in judged])
    if not sums.weight:
        return Estimate(None, 0.0, 1.0, len(judged))
    worth = 1 / (1 / sums.worth + 1 / sums.weight)
    return Estimate(sums.value, *wilson(sums.value * worth, worth), len(judged))


class Sums(NamedTuple):
    """Of weights and of their squares: of all that were judged, and of the wrong ones, of which there are `number`."""

    weight: float
    squares: float
    wrong: float
    wrong_squares: float
    number: int

    @property
    def value(self) -> float:
        return self.wrong / self.weight

    @property
    def by_weights(self) -> float:
        """How many equally weighted ones would say as much, as far as the weights alone tell (Kish)."""
        return self.weight**2 / self.squares

    @property
    def worth(self) -> float:
        """The same, as the wrong ones lie: where those that stand for many are wrong more or less often than others.

        If that is less it holds; if it is more it counts by how many wrong ones there are to tell it.
        """
        right_squares = self.squares - self.wrong_squares
        spread = self.wrong_squares * (1 - self.value) ** 2 + right_squares * self.value**2
        if spread <= 0:
            return self.by_weights
        as_they_lie = self.value * (1 - self.value) * self.weight**2 / spread
        trust = self.number / (self.number + ENOUGH_WRONG)
        return min(as_they_lie, 1 / (trust / as_they_lie + (1 - trust) / self.by_weights))


def summed(weights: Sequence[float], wrong: Sequence[bool]) -> Sums:
    of_wrong = list(compress(weights, wrong))
    return Sums(
        fsum(weights),
        fsum(weight * weight for weight in weights),
        fsum(of_wrong),
        fsum(weight * weight for weight in of_wrong),
        len(of_wrong),
    )


class Group(NamedTuple):
    """Decisions that were all to be seen with one probability: all, those that people judged, and found wrong."""

    n: int
    judged: int
    wrong: int

    @property
    def value(self) -> float:
        return self.wrong / self.judged


def wrong_among(groups: Sequence[Group]) -> Estimate:
    """The share of wrong ones, each group by its own verdicts; those of a group without any may be right or wrong."""
    told = [group for group in groups if group.judged]
    judged, n = sum(group.judged for group in told), sum(group.n for group in told)
    if not n:
        return Estimate(None, 0.0, 1.0, judged)
    value = fsum(group.n * group.value for group in told) / n
    low, high = (value + side * reach(told, value, n, side) for side in (-1, 1))
    return Estimate(value, *of_all(max(0.0, low), min(1.0, high), groups), judged)


def reach(told: Sequence[Group], value: float, n: int, side: int) -> float:
    """How far the 95 % interval goes to this side: the reaches of Wilson's intervals, put together by their squares.

    To these comes that of what is still to come not as many may be of each group (MOVER, of Donner and Zou).
    """
    within = fsum((group.n * own_reach(group, side)) ** 2 for group in told) / n**2
    between = fsum(group.n * (group.value - value) ** 2 for group in told) / n**2
    return sqrt(within + Z95**2 * between)


def own_reach(group: Group, side: int) -> float:
    low, high = wilson(group.wrong, group.judged)
    return high - group.value if side > 0 else group.value - low


def of_all(low: float, high: float, groups: Sequence[Group]) -> tuple[float, float]:
    """Those that no verdict stands for are all right, or all wrong."""
    n = sum(group.n for group in groups)
    hidden = sum(group.n for group in groups if not group.judged) / n
    return low * (1 - hidden), high * (1 - hidden) + hidden


def could_show(accepted: float, groups: Sequence[Group]) -> bool:
    """Whether half of the accepted error would be shown to be within it by so many verdicts, whatever these say.

    That many are worth as many equally weighted ones as Kish has it.
    """
    told = [group for group in groups if group.judged]
    if not told:
        return False
    worth = sum(group.n for group in told) ** 2 / fsum(group.n**2 / group.judged for group in told)
    _, high = of_all(*wilson(accepted / 2 * worth, worth), groups)
    return high <= accepted
