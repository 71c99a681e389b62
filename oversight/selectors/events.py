"""The event store as a person explores it: newest first, by whatever is asked for, each page at a bounded cost."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from agentic.admin_lists import MOST_SEARCHED
from agentic.errors import NotFound
from agentic.events import FIELDS
from agentic.fixed_query import read
from agentic.models import Event
from agentic.vocabulary import EntityType
from decisions.models import Decision

PAGE = 50
Row = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """What is asked for; empty is all. `hidden` are the kinds that this person may not see."""

    entity_type: str = ""
    entity_id: UUID | None = None
    event_type: str = ""
    who: str = ""
    source: str = ""
    correlation_id: str = ""
    since: datetime | None = None
    until: datetime | None = None
    hidden: Collection[str] = ()

    @property
    def is_looked_for(self) -> bool:
        """Whether no index leads to what is asked for: then a page looks through so many events and no more."""
        return bool(self.event_type or self.who or self.source or self.correlation_id)


class Found(NamedTuple):
    """`older` is the position from which to go on, None at the end. `edge` says how far this page has looked."""

    rows: list[Row]
    older: int | None
    edge: datetime | None = None


def look(wanted: Wanted, *, upto: int) -> Found:
    """The newest of what is asked for, at `upto` or before."""
    last = min(upto, reached_by(wanted.until, upto)) if wanted.until else upto
    first = reached_by(wanted.since, last) if wanted.since else 0
    bounded = wanted.is_looked_for and wanted.entity_id is None and last - first > MOST_SEARCHED
    after = last - MOST_SEARCHED if bounded else first
    rows = rows_of(there(wanted, after, last), PAGE + 1)
    if len(rows) > PAGE:
        return Found(rows[:PAGE], rows[PAGE - 1]["position"] - 1)
    return Found(rows, after, moment_of(after)) if bounded else Found(rows, None)


def newer(wanted: Wanted, *, after: int, upto: int) -> list[Row]:
    """What has come since, the newest first; one more than a page when it is too much for one."""
    return rows_of(there(wanted, after, upto), PAGE + 1)


def there(wanted: Wanted, after: int, upto: int) -> QuerySet[Event]:
    found = Event.objects.filter(conditions(wanted), position__gt=after, position__lte=upto)
    if wanted.since:
        found = found.filter(created_at__gte=wanted.since)
    if wanted.until:
        found = found.filter(created_at__lt=wanted.until)
    return found.exclude(event_type__in=wanted.hidden)


def conditions(wanted: Wanted) -> Q:
    names = ("entity_type", "event_type", "source", "correlation_id")
    asked = Q(**{name: value for name in names if (value := getattr(wanted, name))})
    if wanted.entity_id:
        kinds = [wanted.entity_type] if wanted.entity_type else EntityType.values
        asked &= Q(entity_type__in=kinds, entity_id__in=about(wanted.entity_id))
    if wanted.who:
        asked &= Q(actor_label__icontains=wanted.who)
    return asked


def about(entity_id: UUID) -> list[UUID]:
    """The thing itself, and of a task what was decided in it, the newest so many."""
    decided = Decision.objects.filter(task=entity_id).order_by("-pk")
    return [entity_id, *decided.values_list("pk", flat=True)[:PAGE]]


def rows_of(events: QuerySet[Event], limit: int) -> list[Row]:
    newest = events.order_by("-position").values_list(*FIELDS)[:limit]
    return [dict(zip(FIELDS, row, strict=True)) for row in read(newest)]


def reached_by(at: datetime, upto: int) -> int:
    """How far events were numbered before this moment. They are numbered as they happen, so halving finds it."""
    low, high = 0, upto
    while low < high:
        middle = (low + high) // 2
        found = moment_of(middle)
        if found is None or found >= at:
            high = middle
        else:
            low = middle + 1
    return low


def moment_of(position: int) -> datetime | None:
    """When the first event after this position happened."""
    later = Event.objects.filter(position__gt=position).order_by("position")
    return later.values_list("created_at", flat=True).first()


def read_event(position: int, hidden: Collection[str]) -> Event:
    seen = Event.objects.filter(position=position).exclude(event_type__in=hidden)
    found: Event | None = seen.first()
    if found is None:
        raise NotFound("There is no such event.")
    return found


def beside(event: Event, hidden: Collection[str]) -> tuple[int | None, int | None]:
    """The positions of the one before and the one after, in the story of the same thing."""
    story = Event.objects.filter(entity_type=event.entity_type, entity_id=event.entity_id)
    seen = story.exclude(event_type__in=hidden).order_by("version")
    places = seen.values_list("position", flat=True)
    return (
        places.filter(version__lt=event.version).last(),
        places.filter(version__gt=event.version).first(),
    )
