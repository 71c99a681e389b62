"""Charts as shapes on a plane of fixed size, for templates to draw: no pixel, no colour, and no query here.

The plane is stretched to whatever place there is; its texts stand beside it, so that they keep their size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import floor, log10
from typing import NamedTuple

WIDTH, HEIGHT = 600.0, 160.0
GAP = 0.2  # of a slot, between bars
Values = Sequence[float | None]


class Bars(NamedTuple):
    """All bars of one kind, as one path."""

    kind: str
    path: str


class Line(NamedTuple):
    """`path` joins neighbours; `dots` marks each value, also one without neighbours."""

    kind: str
    path: str
    dots: str


class Slot(NamedTuple):
    """One interval from top to bottom: what it says when it is pointed at."""

    x: float
    width: float
    text: str


class Key(NamedTuple):
    """What a mark in the chart stands for."""

    kind: str
    name: str


class Chart(NamedTuple):
    name: str
    title: str
    about: str  # in a sentence: what a reader must know who does not see it
    keys: list[Key]
    bars: list[Bars]
    lines: list[Line]
    slots: list[Slot]
    heights: list[str]  # what stands beside it, from the top
    times: list[str]
    columns: list[str]
    rows: list[list[str]]
    empty: str  # what is said instead when there is nothing to draw


def stacked(kinds: Sequence[str], values: Sequence[Values], top: float) -> list[Bars]:
    """One bar for each interval, of parts on each other, the first kind at the bottom."""
    width = WIDTH / max(1, len(values[0]))
    paths: dict[str, list[str]] = {kind: [] for kind in kinds}
    for place, parts in enumerate(zip(*values, strict=True)):
        x, bottom = (place + GAP / 2) * width, HEIGHT
        for kind, part in zip(kinds, parts, strict=True):
            height = HEIGHT * (part or 0) / top
            if height:
                paths[kind].append(bar(x, bottom, width * (1 - GAP), height))
            bottom -= height
    return [Bars(kind, "".join(path)) for kind, path in paths.items()]


def bar(x: float, bottom: float, width: float, height: float) -> str:
    return f"M{x:.1f} {bottom:.1f}v{-height:.1f}h{width:.1f}v{height:.1f}z"


def line(kind: str, values: Values, top: float) -> Line:
    """With a gap where there is no value."""
    width = WIDTH / max(1, len(values))
    places = [
        None if value is None else ((place + 0.5) * width, HEIGHT * (1 - value / top))
        for place, value in enumerate(values)
    ]
    steps = []
    for before, here in zip([None, *places], places, strict=False):
        if here:
            steps.append(f"{'L' if before else 'M'}{here[0]:.1f} {here[1]:.1f}")
    dots = "".join(f"M{here[0]:.1f} {here[1]:.1f}h0" for here in places if here)
    return Line(kind, "".join(steps), dots)


def slots(texts: Sequence[str]) -> list[Slot]:
    width = WIDTH / max(1, len(texts))
    return [Slot(place * width, width, text) for place, text in enumerate(texts)]


def round_top(values: Values) -> float:
    """A round figure that nothing is above: 1, 2 or 5 with noughts."""
    most = max((value for value in values if value is not None), default=0.0)
    if most <= 0:
        return 1.0
    power = 10.0 ** floor(log10(most))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= most * 0.9999)


def heights(top: float, told: Callable[[float], str]) -> list[str]:
    return [told(top), told(top / 2), told(0)]


def ends(names: Sequence[str]) -> list[str]:
    """The first, the middle and the last of them."""
    return [names[0], names[len(names) // 2], names[-1]] if names else []
