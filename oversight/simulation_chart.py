"""The share that goes to people against the error among what nobody sees, as a diagram with its interval."""

from __future__ import annotations

from typing import Any, NamedTuple

from oversight.charts import HEIGHT, WIDTH, round_top
from oversight.words import percent_in_words

HIGHEST = 1.0


class Mark(NamedTuple):
    x: float
    y: float
    low: float
    high: float


class Diagram(NamedTuple):
    """`line` is the estimate and `band` its interval; `chosen` is the draft, and `accepted` a height."""

    band: str
    line: str
    chosen: Mark | None
    active: Mark | None
    accepted: float | None
    heights: list[str]
    rows: list[list[str]]


def draw(simulation: dict[str, Any], rules: dict[str, Any]) -> Diagram:
    known = [point for point in simulation["curve"] if point["error"] is not None]
    accepted = rules["budget_value"] if rules["budget"] == "error" else None
    marks = [outcome for outcome in (simulation["draft"], simulation["active"]) if outcome]
    top = top_of([point["error"] for point in known], marks, accepted)
    places = [place(point["to_people"], point, top) for point in known]
    return Diagram(
        band=band(places),
        line=path([(one.x, one.y) for one in places]),
        chosen=marked(simulation["draft"], top),
        active=marked(simulation["active"], top),
        accepted=None if accepted is None else height(accepted, top),
        heights=[percent_in_words(top), percent_in_words(top / 2), "0 %"],
        rows=[row(point) for point in simulation["curve"]],
    )


def top_of(errors: list[float], marks: list[dict[str, Any]], accepted: float | None) -> float:
    told = [one["error"]["value"] for one in marks if one["error"]["value"] is not None]
    most = max([*errors, *told, accepted or 0.0], default=0.0)
    return min(HIGHEST, round_top([1.5 * most]))


def place(to_people: float, error: dict[str, Any], top: float) -> Mark:
    value = error["error"] if "error" in error else error["value"]
    return Mark(
        WIDTH * to_people, height(value, top), height(error["low"], top), height(error["high"], top)
    )


def marked(outcome: dict[str, Any] | None, top: float) -> Mark | None:
    if outcome is None or outcome["error"]["value"] is None:
        return None
    return place(outcome["to_people"]["value"], outcome["error"], top)


def height(share: float, top: float) -> float:
    return HEIGHT * (1 - min(share / top, 1.0))


def band(places: list[Mark]) -> str:
    there = [(one.x, one.low) for one in places]
    back = [(one.x, one.high) for one in reversed(places)]
    return f"{path([*there, *back])}Z" if places else ""


def path(points: list[tuple[float, float]]) -> str:
    return "".join(
        f"{'L' if number else 'M'}{x:.1f} {y:.1f}" for number, (x, y) in enumerate(points)
    )


def row(point: dict[str, Any]) -> list[str]:
    error = "no data yet" if point["error"] is None else percent_in_words(point["error"])
    interval = f"{percent_in_words(point['low'])} to {percent_in_words(point['high'])}"
    to_people = percent_in_words(point["to_people"])
    return [f"{point['threshold']:.3g}", to_people, error, interval, f"{point['n']:,}"]
