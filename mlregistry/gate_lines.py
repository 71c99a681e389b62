"""The lines of a gate: what is asked of one metric, and whether a version shows it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import hypot
from typing import Any, NamedTuple

from mlregistry.cards import Figure, figure_of

Metrics = Mapping[str, Any]


class Line(NamedTuple):
    """One thing that was asked, and whether it is so."""

    ok: bool
    text: str


def line_of(asked: Mapping[str, Any], metrics: Metrics, live: Metrics | None) -> Line:
    """`live` are the metrics of the version that it would replace."""
    name = str(asked["metric"])
    figure = figure_of(metrics.get(name))
    if figure is None:
        return Line(False, f"{name} is not among its metrics")
    ((kind, bound),) = ((key, value) for key, value in asked.items() if key != "metric")
    other = live if kind == "worse_than_live_by" else metrics
    return KINDS[kind](name, figure, bound, other)


def at_least(name: str, figure: Figure, bound: float, _: Metrics) -> Line:
    return Line(figure.value >= bound, f"{name} is {figure.value:.3f}, at least {bound} is asked")


def at_most(name: str, figure: Figure, bound: float, _: Metrics) -> Line:
    return Line(figure.value <= bound, f"{name} is {figure.value:.3f}, at most {bound} is asked")


def from_n(name: str, figure: Figure, bound: float, _: Metrics) -> Line:
    count = figure.n or 0
    return Line(
        count >= bound, f"{name} was found on {count:,.0f} examples, {bound:,} or more are asked"
    )


def at_most_metric(name: str, figure: Figure, other: str, metrics: Metrics) -> Line:
    bound = figure_of(metrics.get(other))
    if bound is None:
        return Line(False, f"{other} is not among its metrics")
    text = f"{name} is {figure.value:.3f}, no more than {other} is asked: {bound.value:.3f}"
    return Line(figure.value <= bound.value, text)


def worse_than_live_by(name: str, figure: Figure, most: float, live: Metrics | None) -> Line:
    """Refuses what is clearly worse: the two were tested on different examples, and few of these say little.

    What does not tell the metric cannot be compared with.
    """
    before = figure_of((live or {}).get(name))
    if before is None:
        return Line(True, f"{name} is {figure.value:.3f}, and nothing live to compare it with")
    chance = hypot(below(before), above(figure))
    text = f"{name} is {figure.value:.3f}, of the live version {before.value:.3f}: at most {most} less is asked"
    told = f", and {chance:.3f} may be chance" if chance else ""
    return Line(figure.value >= before.value - most - chance, text + told)


def below(figure: Figure) -> float:
    """How far its interval reaches down; 0 where none is told."""
    return 0.0 if figure.low is None else max(0.0, figure.value - figure.low)


def above(figure: Figure) -> float:
    return 0.0 if figure.high is None else max(0.0, figure.high - figure.value)


KINDS: dict[str, Callable[..., Line]] = {
    kind.__name__: kind for kind in (at_least, at_most, from_n, at_most_metric, worse_than_live_by)
}


def wrong_gates(gates: Any) -> list[str]:
    """What in MODEL_GATES is no line of a gate, in words."""
    if not isinstance(gates, dict) or not all(isinstance(lines, list) for lines in gates.values()):
        return ["it is no object with a list of lines for each name"]
    return [
        f"{name}: {line} is no metric with one of {', '.join(KINDS)}"
        for name, lines in gates.items()
        for line in lines
        if not is_line(line)
    ]


def is_line(line: Any) -> bool:
    if not isinstance(line, dict) or not isinstance(line.get("metric"), str) or len(line) != 2:
        return False
    ((kind, bound),) = ((key, value) for key, value in line.items() if key != "metric")
    wanted = str if kind == "at_most_metric" else int | float
    return kind in KINDS and isinstance(bound, wanted)
