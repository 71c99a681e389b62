"""What a simulation says, row by row, for the draft and beside it for what is active."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt
from typing import Any

from decisions.statistics import Z95
from oversight.words import NO_DATA, percent_in_words

Outcome = dict[str, Any]
UNKNOWN = "times were not recorded"


def outcomes(simulation: dict[str, Any]) -> list[tuple[str, list[str]]]:
    both = [one for one in (simulation["draft"], simulation["active"]) if one]
    return [(label, [told(one) for one in both]) for label, told in ROWS]


def share(figure: dict[str, Any]) -> str:
    if figure["value"] is None:
        return NO_DATA
    between = f"{percent_in_words(figure['low'])} to {percent_in_words(figure['high'])}"
    return f"{percent_in_words(figure['value'])} ({between}, n = {figure['n']:,})"


def hours(figure: dict[str, Any] | None) -> str:
    if figure is None:
        return UNKNOWN
    low, high = f"{figure['low']:,.1f}", f"{figure['high']:,.1f}"
    return f"{figure['value']:,.1f} h ({low} to {high}, n = {figure['n']:,})"


def number(one: Outcome, name: str) -> str:
    """Simulations of before it was counted say nothing of it."""
    return f"{one[name]:,}" if name in one else NO_DATA


def passed(one: Outcome) -> str:
    """What does not go to people: the same share from its other side."""
    other = one["to_people"]
    if other["value"] is None:
        return NO_DATA
    told = {"value": 1 - other["value"], "low": 1 - other["high"], "high": 1 - other["low"]}
    return f"{one['unseen']:,.0f}: {share({**told, 'n': other['n']})}"


def drawn(one: Outcome) -> str:
    """On average, and what 95 of 100 draws bring."""
    average, many = one["drawn"], one["drawn"] + one["unseen"]
    reach = Z95 * sqrt(average * one["unseen"] / many) if many else 0.0
    low, high = max(0.0, average - reach), min(many, average + reach)
    return f"{average:,.0f} ({low:,.0f} to {high:,.0f}, n = {many:,.0f})"


ROWS: tuple[tuple[str, Callable[[Outcome], str]], ...] = (
    ("To a person", lambda one: share(one["to_people"])),
    ("drawn for the audit sample, on average", drawn),
    ("Nobody looks, on average", passed),
    ("Wrong among those, estimated", lambda one: share(one["error"])),
    ("Counted: asked by its rules", lambda one: number(one, "asked")),
    ("Counted of what passes: known to be right", lambda one: number(one, "right")),
    ("Counted of what passes: known to be wrong", lambda one: number(one, "wrong")),
    ("Counted of what passes: waits for a person still", lambda one: number(one, "pending")),
    ("Counted of what passes: went to people, no verdict", lambda one: number(one, "no_verdict")),
    ("Counted of what passes: seen by nobody", lambda one: number(one, "never_seen")),
    ("Hours of work", lambda one: hours(one["hours"])),
    ("Hours saved against looking at everything", lambda one: hours(one["hours_saved"])),
)
