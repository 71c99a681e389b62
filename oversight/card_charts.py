"""The figures of a version's card as shapes on a plane of fixed size, for templates to draw. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from decisions.statistics import Share
from mlregistry import cards
from oversight.words import percent

SIZE = 200.0
# Lines of one curve are told apart by their stroke, not by colour alone.
STROKES = ("first", "second", "third", "fourth", "fifth", "sixth")


class Mark(NamedTuple):
    """Of one bin: what it said against what came true, with a 95 % interval."""

    x: float
    y: float
    low: float
    high: float
    few: bool
    text: str


class Stroke(NamedTuple):
    name: str
    kind: str
    path: str


def marks(bins: Sequence[cards.Bin]) -> list[Mark]:
    return [
        mark(one.mean, Share(one.hits, one.n)) for one in bins if one.mean is not None and one.n
    ]


def mark(mean: float, share: Share) -> Mark:
    low, high = share.interval
    value = share.value or 0.0
    text = f"said {percent(mean)}, true {percent(value)} of {share.n:,}"
    y, bottom, top = (SIZE * (1 - part) for part in (value, low, high))
    return Mark(SIZE * mean, y, bottom, top, share.few, text)


def strokes(curve: cards.Curve) -> list[Stroke]:
    drawn = zip(STROKES, curve.lines.items(), strict=False)
    return [Stroke(name, kind, path_of(points)) for kind, (name, points) in drawn]


def path_of(points: cards.Points) -> str:
    places = (f"{SIZE * x:.1f} {SIZE * (1 - y):.1f}" for x, y in sorted(points))
    return f"M{'L'.join(places)}"


class Weight(NamedTuple):
    """`x` and `width` are a bar from the middle, to the right where it adds."""

    name: str
    value: float
    x: float
    width: float


def weights(features: Sequence[tuple[str, float]]) -> list[Weight]:
    most = max((abs(value) for _, value in features), default=0.0) or 1.0
    return [
        Weight(name, value, 50 - max(0.0, -value) / most * 50, abs(value) / most * 50)
        for name, value in features
    ]


class Cell(NamedTuple):
    """`tone` is from 0 to 4: the share of its row."""

    value: float
    tone: int


def toned(confusion: cards.Confusion) -> list[tuple[str, list[Cell]]]:
    return [(label, [cell(value, sum(row)) for value in row]) for label, row in confusion.rows]


def cell(value: float, total: float) -> Cell:
    return Cell(value, round(4 * value / total) if 0 <= value <= total and total else 0)
