"""Confidence against what people said, as a diagram: on the diagonal an agent is right as often as it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from decisions.calibration import Bin, Calibration, Scored
from decisions.reliability import Compared, Reliability
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


class Line(NamedTuple):
    """A score of all; and of those that were recalibrated, `before` and `after` that."""

    name: str
    says: str
    stated: Scored
    before: Scored | None
    after: Scored | None


class Row(NamedTuple):
    stated: Bin
    worth: Bin | None


class Diagram(NamedTuple):
    points: list[Point]
    worth: list[Point]  # as recalibrated
    numbers: list[tuple[float, int]]  # of each bin: its middle, and n
    rows: list[Row]
    n: int
    effective: float
    compared: int  # how many were recalibrated
    scores: list[Line]


SAYS = (
    ("Calibration error", "debiased", "by how much it is off, root mean square, less what chance adds; 0 is best"),
    ("ECE, ten bins", "error", "by how much it is off on average; chance alone makes it larger than 0"),
    ("Brier score", "brier", "0 is best, a coin has 0.25"),
)  # fmt: skip


def draw(found: Reliability) -> Diagram:
    compared = found.compared
    worth = compared.bins if compared else []
    return Diagram(
        points_in(found.bins),
        points_in(worth),
        [(SIZE * (one.low + one.high) / 2, one.n) for one in found.bins],
        [Row(one, worth[place] if worth else None) for place, one in enumerate(found.bins)],
        found.stated.n if found.stated else 0,
        found.stated.effective if found.stated else 0.0,
        compared.after.n if compared else 0,
        lines(found.stated, compared) if found.stated else [],
    )


def lines(stated: Calibration, compared: Compared | None) -> list[Line]:
    before, after = (compared.before, compared.after) if compared else (None, None)
    return [
        Line(
            name,
            says,
            getattr(stated, field),
            getattr(before, field, None),
            getattr(after, field, None),
        )
        for name, field, says in SAYS
    ]


def points_in(bins: Sequence[Bin]) -> list[Point]:
    return [point for one in bins for point in points_of(one)]


def points_of(one: Bin) -> list[Point]:
    if one.confidence is None or one.right is None:
        return []
    low, high = one.interval
    text = f"said {percent(one.confidence)}, right {percent(one.right)} of {one.n}"
    return [
        Point(
            SIZE * one.confidence,
            SIZE * (1 - one.right),
            SIZE * (1 - low),
            SIZE * (1 - high),
            one.few,
            text,
        )
    ]
