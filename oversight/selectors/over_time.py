"""How it went over time: what came in and was done, how soon agents confirmed, and who decided."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from agentic.clock import database_now
from agentic.positions import settled
from agentic.vocabulary import EventType
from decisions.models import Attempt
from decisions.statistics import Share
from oversight.kept import Kept
from oversight.selectors.sample import Sample, Seen, sample
from oversight.spans import SPANS, Span

BY_PERSON = frozenset(
    {
        EventType.DECISION_APPROVED,
        EventType.DECISION_EDITED,
        EventType.DECISION_REJECTED,
        EventType.DECISION_RESPONDED,
        EventType.DECISION_OVERRIDDEN,
    }
)
VERIFIED = frozenset({EventType.TASK_VERIFIED, EventType.TASK_OVERRIDDEN})
COUNTED = (
    BY_PERSON
    | VERIFIED
    | {EventType.TASK_CREATED, EventType.TASK_ACKED, EventType.DECISION_AUTO_APPROVED}
)
MOST_ACKS = 2_000


class Interval(NamedTuple):
    """Counts are of what was read; each stands for as many as the step of the sample says."""

    start: datetime
    created: int
    verified: int
    by_person: Share  # of all that was decided
    acks: list[float]  # seconds


class Course(NamedTuple):
    span: Span
    intervals: list[Interval]
    step: int
    read: int

    @property
    def exact(self) -> bool:
        return self.step == 1


def read_course(name: str) -> Course:
    span = SPANS[name]
    position = settled()
    starts = span.starts(database_now())
    found = sample(COUNTED, since=starts[0], position=position)
    return Course(span, intervals(span, starts, found), found.step, found.read)


# One look for all who watch.
course = Kept(read_course, seconds=lambda name: SPANS[name].kept_seconds)


def intervals(span: Span, starts: list[datetime], found: Sample) -> list[Interval]:
    counts: list[Counter[str]] = [Counter() for _ in starts]
    for row in found.rows:
        if (place := span.place(row.at, starts)) is not None:
            counts[place][row.event_type] += 1
    acks = acks_by_place(span, starts, found.rows)
    return [
        interval(start, count, acks[place])
        for place, (start, count) in enumerate(zip(starts, counts, strict=True))
    ]


def interval(start: datetime, count: Counter[str], acks: list[float]) -> Interval:
    by_person = sum(count[kind] for kind in BY_PERSON)
    decided = by_person + count[EventType.DECISION_AUTO_APPROVED]
    verified = sum(count[kind] for kind in VERIFIED)
    return Interval(start, count[EventType.TASK_CREATED], verified, Share(by_person, decided), acks)


def acks_by_place(
    span: Span, starts: list[datetime], rows: list[Seen]
) -> defaultdict[int, list[float]]:
    """How long each ack took that was read, by its interval."""
    acked = [row for row in rows if row.event_type == EventType.TASK_ACKED]
    acked = acked[:: len(acked) // MOST_ACKS + 1]
    attempts = attempts_of({row.entity_id for row in acked})
    found: defaultdict[int, list[float]] = defaultdict(list)
    for row in acked:
        place = span.place(row.at, starts)
        if place is not None and (seconds := ack_seconds(row, attempts[row.entity_id])) is not None:
            found[place].append(seconds)
    return found


def attempts_of(tasks: set[UUID]) -> defaultdict[UUID, list[tuple[datetime, datetime]]]:
    """When each attempt at these tasks was acked, and when it was assigned."""
    found: defaultdict[UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
    attempts = Attempt.objects.filter(task__in=tasks).order_by()
    for task_id, acked, assigned in attempts.values_list("task_id", "acked_at", "assigned_at"):
        if acked is not None:
            found[task_id].append((acked, assigned))
    return found


def ack_seconds(row: Seen, attempts: list[tuple[datetime, datetime]]) -> float | None:
    """Of the attempt that the event speaks of: the one that was acked nearest to it."""
    if not attempts:
        return None
    acked_at, assigned_at = min(attempts, key=lambda one: abs(one[0] - row.at))
    return max(0.0, (acked_at - assigned_at).total_seconds())
