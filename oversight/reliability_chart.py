"""Stated confidence against what people said, as a diagram: on the diagonal an agent is right as often as it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from decisions.statistics import Bin
from oversight.words import percent

SIZE = 200.0


class Point(NamedTuple):
    """Of one bin; `few` says that it rests on too little to go by."""

    x: float
    y: float
    low: float
    high: float
    few: bool
    text: str


class Diagram(NamedTuple):
    points: list[Point]
    numbers: list[tuple[float, int]]  # of each bin: its middle, and n
    bins: Sequence[Bin]


def draw(bins: Sequence[Bin]) -> Diagram:
    numbers = [(SIZE * (one.low + one.high) / 2, one.right.n) for one in bins]
    return Diagram([point for one in bins for point in points_of(one)], numbers, bins)


def points_of(one: Bin) -> list[Point]:
    if one.confidence is None or one.right.value is None:
        return []
    low, high = one.right.interval
    text = f"said {percent(one.confidence)}, right {percent(one.right.value)} of {one.right.n}"
    return [
        Point(
            SIZE * one.confidence,
            SIZE * (1 - one.right.value),
            SIZE * (1 - low),
            SIZE * (1 - high),
            one.right.few,
            text,
        )
    ]
