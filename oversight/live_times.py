"""What was live when, as a strip: a bar for each time, from the first of them until now. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from mlregistry.models import Activation

WIDTH = 1000.0
THINNEST = 2.0


class Bar(NamedTuple):
    x: float
    width: float
    version: str
    is_on: bool
    is_odd: bool  # neighbours have different shades


class Strip(NamedTuple):
    bars: list[Bar]
    began: datetime


def strip(activations: Sequence[Activation], now: datetime) -> Strip | None:
    """`activations` with the newest first; None where nothing was ever live."""
    if not activations:
        return None
    began = activations[-1].activated_at
    span = max((now - began).total_seconds(), 1.0)

    def place(at: datetime) -> float:
        return WIDTH * (at - began).total_seconds() / span

    bars = []
    for one in activations:
        x, end = place(one.activated_at), place(one.ended_at or now)
        width = max(THINNEST, end - x)
        version, is_on = one.model.version, one.ended_at is None
        bars.append(Bar(round(x, 1), round(width, 1), version, is_on, bool(one.number % 2)))
    return Strip(bars, began)
