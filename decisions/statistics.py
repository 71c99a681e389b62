"""Shares, times and confidences, in figures that say how much they rest on: pure functions, and none without its n."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import NamedTuple

Z95 = 1.959964
BINS = 10
# Below this many an interval is wider than most of what it could tell: pages say "few".
FEW = 10


def wilson(hits: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson: 0 to 1 when nothing was looked at."""
    if n == 0:
        return 0.0, 1.0
    share, square = hits / n, Z95**2
    middle = share + square / (2 * n)
    reach = Z95 * sqrt(share * (1 - share) / n + square / (4 * n * n))
    low, high = ((middle + side * reach) / (1 + square / n) for side in (-1, 1))
    return max(0.0, low), min(1.0, high)


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value below which this share of all lies, straight between two neighbours; None of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


class Share(NamedTuple):
    """So many of so many. `value` is None, not 0, as long as there are none."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.n)

    @property
    def few(self) -> bool:
        return self.n < FEW


class Mean(NamedTuple):
    """The mean of `n` figures, none of which can lie beyond `least` and `most`; None as long as there are none."""

    total: float
    n: int
    least: float
    most: float

    @property
    def value(self) -> float | None:
        return self.total / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval after Wilson, as of a share of the way from `least` to `most`.

        No figures between these bounds vary more than those at the bounds: it is rather too wide than too narrow.
        """
        width = self.most - self.least
        low, high = wilson((self.total - self.n * self.least) / width, self.n)
        return self.least + low * width, self.least + high * width

    @property
    def few(self) -> bool:
        return self.n < FEW


def mean_of(figures: Sequence[float], least: float, most: float) -> Mean:
    return Mean(sum(figures), len(figures), least, most)


class Bin(NamedTuple):
    """Decisions whose stated confidence lies from `low` to `high`, and how many of them people found right."""

    low: float
    high: float
    confidence: float | None  # the mean of what was stated
    right: Share


def reliability(judged: Sequence[tuple[float, bool]], bins: int = BINS) -> list[Bin]:
    """Stated confidence against what people said, in bins of one width; an empty one is there, with n = 0."""
    groups: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for confidence, right in judged:
        groups[min(int(confidence * bins), bins - 1)].append((confidence, right))
    return [
        Bin(
            place / bins,
            (place + 1) / bins,
            mean(group),
            Share(sum(r for _, r in group), len(group)),
        )
        for place, group in enumerate(groups)
    ]


def mean(group: Sequence[tuple[float, bool]]) -> float | None:
    return sum(confidence for confidence, _ in group) / len(group) if group else None
