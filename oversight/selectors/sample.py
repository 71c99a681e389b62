"""What happened since a moment, at a cost that does not grow with it.

Up to `MOST` events are read: all of them, or one of each 2, 4, 8, ... of them by position. Which one of its group is
read follows from the group's place alone: so a later look reads the same ones again, and the past of a chart does not
flicker. The golden ratio spreads them within their groups, as events come in patterns (created, assigned, acked, ...)
that a plain step could run along with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from math import ceil
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from agentic.models import Event
from agentic.vocabulary import EventType

MOST = 8_192
# Two rounds of as many find the beginning among 100 million events to about 1,500.
GRID = 256
ROUNDS = 2
GOLDEN, BITS = 2_654_435_769, 32  # the golden ratio, as a share of 2 to the 32nd


class Seen(NamedTuple):
    event_type: str
    entity_id: UUID
    at: datetime


class Sample(NamedTuple):
    """Each of `rows` stands for `step` events; of `read` events in all, among them such as nobody asked for."""

    rows: list[Seen]
    step: int
    read: int


def sample(kinds: Iterable[EventType], *, since: datetime, position: int) -> Sample:
    """Events of these kinds since the moment, up to the position."""
    first = position_at(since, position)
    step = step_for(position - first)
    positions = list(spread(first, position, step)) if step > 1 else []
    chosen = events_at(positions) if step > 1 else Event.objects.filter(position__gt=first)
    rows = chosen.filter(position__lte=position, created_at__gte=since, event_type__in=list(kinds))
    found = rows.order_by().values_list("event_type", "entity_id", "created_at")
    return Sample([Seen(*row) for row in found], step, len(positions) or position - first)


def position_at(since: datetime, last: int) -> int:
    """A position shortly before the first event since the moment; the first of all where all are few enough to read."""
    low, high = before_all(), last
    if high - low <= MOST:
        return low
    for _ in range(ROUNDS):
        seen = events_at(list(spread_evenly(low, high)))
        for position, at in seen.order_by("position").values_list("position", "created_at"):
            if at >= since:
                high = position
                break
            low = position
    return low


def before_all() -> int:
    """A store need not begin with 1."""
    first = Event.objects.order_by("position").values_list("position", flat=True).first()
    return 0 if first is None else first - 1


def events_at(positions: list[int]) -> QuerySet[Event]:
    return Event.objects.filter(position__in=positions)


def spread_evenly(low: int, high: int) -> Iterator[int]:
    return iter(range(low + 1, high, max(1, ceil((high - low) / GRID))))


def step_for(number: int) -> int:
    """The smallest power of two that leaves at most `MOST`."""
    return 1 << max(0, ceil(number / MOST) - 1).bit_length()


def spread(first: int, last: int, step: int) -> Iterator[int]:
    """One position out of each group of `step`, past `first` and up to `last`."""
    shift = BITS - (step.bit_length() - 1)
    for group in range(first // step, last // step + 1):
        position = group * step + ((group * GOLDEN & (1 << BITS) - 1) >> shift)
        if first < position <= last:
            yield position
