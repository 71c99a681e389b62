"""The times that the dashboard looks back over, cut into intervals that are the same from one look to the next."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from agentic.errors import Invalid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Span(NamedTuple):
    """`name` stands in the address; `kept_seconds` is how old a figure about it may be."""

    name: str
    label: str
    step: timedelta
    number: int
    pattern: str
    kept_seconds: float

    def starts(self, now: datetime) -> list[datetime]:
        """Of its intervals, the oldest first; the last one is not over yet."""
        newest = now - (now - EPOCH) % self.step
        return [newest - back * self.step for back in reversed(range(self.number))]

    def place(self, at: datetime, starts: Sequence[datetime]) -> int | None:
        """The interval that this moment lies in."""
        place = (at - starts[0]) // self.step
        return place if 0 <= place < self.number else None

    def name_of(self, start: datetime) -> str:
        return start.strftime(self.pattern)


SPANS = {
    span.name: span
    for span in (
        Span("hour", "Last hour", timedelta(minutes=2), 30, "%H:%M", 2),
        Span("day", "Last day", timedelta(hours=1), 24, "%H:%M", 20),
        Span("week", "Last week", timedelta(hours=6), 28, "%a %H:%M", 60),
    )
}


def span_of(name: str) -> Span:
    if name not in SPANS:
        raise Invalid(range=f"one of {', '.join(SPANS)}")
    return SPANS[name]
