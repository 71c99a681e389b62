"""What a version tells of itself: its card and its metrics, as a trainer writes them and a page reads them.

A metric is a number, or `{"value": 0.81, "low": 0.77, "high": 0.85, "n": 420}` with its 95 % interval and what it was
counted on. Of `review_risk` the gate reads `auc`, on later decisions; of `calibration` it reads `brier` and
`brier_before`, the score of the recalibrated and of the stated confidence. A card has any of these keys:

    summary      a sentence
    trained_on   {"n": ..., "from": ..., "to": ..., and more facts by name: numbers or texts}
    tested_on    the same, of what it had not seen
    reliability  [[low, high, mean confidence or null, hits, n], ...] by bin of what the model says
    confusion    {"labels": [...], "rows": [[...], ...]}, a row for each truth, a column for each answer
    curve        {"x": "share reviewed", "y": "share of wrong caught", "lines": {"review_risk": [[x, y], ...], ...}},
                 x and y from 0 to 1
    features     [[name, weight], ...], the strongest first
    limits       [sentence, ...]

Whoever registers a version by hand may have written anything: what is not of this shape is left out, and what is too
long is cut.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

MOST_ROWS = 50
MOST_LINES = 6
MOST_POINTS = 200
MOST_LABELS = 20
LONGEST = 500
LARGEST = 1e15

Points = list[tuple[float, float]]


class Figure(NamedTuple):
    """A metric, with its 95 % interval and what it was counted on, where they are told."""

    value: float
    low: float | None = None
    high: float | None = None
    n: float | None = None


class Bin(NamedTuple):
    low: float
    high: float
    mean: float | None
    hits: int
    n: int


class Confusion(NamedTuple):
    labels: list[str]
    rows: list[tuple[str, list[float]]]


class Curve(NamedTuple):
    x: str
    y: str
    lines: dict[str, Points]


class Card(NamedTuple):
    summary: str
    trained_on: list[tuple[str, str | float]]
    tested_on: list[tuple[str, str | float]]
    reliability: list[Bin]
    confusion: Confusion | None
    curve: Curve | None
    features: list[tuple[str, float]]
    limits: list[str]


def card_of(said: Any) -> Card:
    """Whatever of it can be shown."""
    told = said if isinstance(said, dict) else {}
    return Card(
        text_of(told.get("summary")),
        facts_of(told.get("trained_on")),
        facts_of(told.get("tested_on")),
        bins_of(told.get("reliability")),
        confusion_of(told.get("confusion")),
        curve_of(told.get("curve")),
        features_of(told.get("features")),
        [text for row in rows_of(told.get("limits")) if (text := text_of(row))],
    )


def figures_of(metrics: Any) -> list[tuple[str, Figure]]:
    """The metrics that are numbers, by name."""
    items = metrics.items() if isinstance(metrics, dict) else ()
    found = [(text_of(name), figure_of(said)) for name, said in items]
    return [(name, figure) for name, figure in found if figure][:MOST_POINTS]


def figure_of(said: Any) -> Figure | None:
    if isinstance(said, Mapping):
        value = number_of(said.get("value"))
        others = [number_of(said.get(name)) for name in ("low", "high", "n")]
        return None if value is None else Figure(value, *others)
    plain = number_of(said)
    return None if plain is None else Figure(plain)


def number_of(said: Any) -> float | None:
    """A finite number that a page can show; truth values are none."""
    if isinstance(said, bool) or not isinstance(said, int | float):
        return None
    return said if abs(said) < LARGEST and math.isfinite(said) else None


def text_of(said: Any) -> str:
    return said[:LONGEST] if isinstance(said, str) else ""


def rows_of(said: Any, most: int = MOST_ROWS) -> list[Any]:
    return said[:most] if isinstance(said, list) else []


def numbers_of(said: Any, length: int) -> list[float] | None:
    """Exactly so many numbers, or None."""
    row = rows_of(said, length + 1)
    found = [number for one in row if (number := number_of(one)) is not None]
    return found if len(found) == len(row) == length else None


def facts_of(said: Any) -> list[tuple[str, str | float]]:
    items = said.items() if isinstance(said, dict) else ()
    found = [(text_of(name), fact_of(fact)) for name, fact in items]
    return [(name, fact) for name, fact in found if fact is not None][:MOST_ROWS]


def fact_of(said: Any) -> str | float | None:
    return text_of(said) or number_of(said)


def bins_of(said: Any) -> list[Bin]:
    return [one for row in rows_of(said) if (one := bin_of(row))]


def bin_of(row: Any) -> Bin | None:
    if not isinstance(row, list) or len(row) != 5:
        return None
    mean = number_of(row[2])
    rest = numbers_of([*row[:2], *row[3:]], 4)
    if rest is None or not 0 <= rest[0] < rest[1] <= 1 or not 0 <= rest[2] <= rest[3]:
        return None
    if mean is not None and not 0 <= mean <= 1:
        return None
    return Bin(rest[0], rest[1], mean, int(rest[2]), int(rest[3]))


def confusion_of(said: Any) -> Confusion | None:
    if not isinstance(said, dict):
        return None
    labels = [text_of(label) for label in rows_of(said.get("labels"), MOST_LABELS + 1)]
    rows = [numbers_of(row, len(labels)) for row in rows_of(said.get("rows"), MOST_LABELS + 1)]
    whole = [row for row in rows if row is not None]
    if not 0 < len(labels) <= MOST_LABELS or not len(whole) == len(rows) == len(labels):
        return None
    return Confusion(labels, list(zip(labels, whole, strict=True)))


def curve_of(said: Any) -> Curve | None:
    lines = said.get("lines") if isinstance(said, dict) else None
    if not isinstance(lines, dict):
        return None
    found = {text_of(name): points_of(points) for name, points in list(lines.items())[:MOST_LINES]}
    drawn = {name: points for name, points in found.items() if len(points) > 1}
    return Curve(text_of(said.get("x")), text_of(said.get("y")), drawn) if drawn else None


def points_of(said: Any) -> Points:
    found = [numbers_of(row, 2) for row in rows_of(said, MOST_POINTS)]
    return [(x, y) for x, y in filter(None, found) if 0 <= x <= 1 and 0 <= y <= 1]


def features_of(said: Any) -> list[tuple[str, float]]:
    pairs: Iterable[Any] = (row for row in rows_of(said) if isinstance(row, list) and len(row) == 2)
    found = [(text_of(name), number_of(weight)) for name, weight in pairs]
    return [(name, weight) for name, weight in found if name and weight is not None]
