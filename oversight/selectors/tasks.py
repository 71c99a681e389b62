"""Tasks as a list: found by what has an index, and within a bounded look back by all else.

No look at the list reads more than `LOOKED_THROUGH` rows, however many there are: whoever wants to find older ones
looks further back, from where the last look ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db.models import Q, QuerySet
from django.utils import timezone

from agentic.clock import Now
from decisions.auditor import GRACE
from decisions.cursors import Cursor
from decisions.models import Task
from decisions.models.task import Priority
from oversight.selectors.orders import Order

PAGE = 50
LOOKED_THROUGH = 10_000
MOST_EXPORTED = 100_000
CHUNK = 1_000
ORDERS = {
    "newest": Order("created_at", falling=True),
    "oldest": Order("created_at", falling=False),
    "due": Order("due_at", falling=False),
}
SHOWN = (
    "id", "title", "task_type", "priority", "state", "retry_count", "max_retries", "due_at", "created_at",
    "assigned_agent__name",
)  # fmt: skip
EXPORTED = (
    "id", "title", "task_type", "priority", "state", "assigned_agent__name", "created_by__username", "parent_id",
    "attempt_count", "retry_count", "max_retries", "due_at", "created_at", "updated_at",
)  # fmt: skip
# As they are called in the file.
COLUMNS = tuple(name.partition("__")[0] for name in EXPORTED)


class Wanted(msgspec.Struct, frozen=True, omit_defaults=True):
    """What somebody looks for. `created_by` is who asks, where they want their own tasks."""

    words: tuple[str, ...] = ()
    state: str = ""
    task_type: str = ""
    priority: str = ""
    agent: UUID | None = None
    parent: UUID | None = None
    created_by: UUID | None = None
    overdue: bool = False
    since: date | None = None
    until: date | None = None
    sort: str = "newest"

    @property
    def order(self) -> Order:
        """What is overdue goes by how long it has been."""
        return ORDERS["due" if self.overdue else self.sort]

    def by_index(self) -> QuerySet[Task]:
        """The rows that an index leads to, in the order of the list."""
        rows = Task.objects.all()
        if self.parent:
            rows = rows.filter(parent=self.parent)
        if self.order == ORDERS["due"]:
            rows = rows.filter(due_at__isnull=False)
            rows = rows.filter(due_at__lt=Now() - GRACE) if self.overdue else rows
        else:
            rows = rows.filter(self.created(), **({"state": self.state} if self.state else {}))
        return self.order.sorted(rows)

    def by_reading(self) -> Q:
        """What can be told of a row only by reading it."""
        wanted: dict[str, Any] = {
            "task_type": self.task_type,
            "priority": Priority[self.priority.upper()] if self.priority else "",
            "assigned_agent": self.agent,
            "created_by": self.created_by,
        }
        if self.order == ORDERS["due"]:
            wanted["state"] = self.state
        rest = Q(**{name: value for name, value in wanted.items() if value not in ("", None)})
        for word in self.words:
            rest &= Q(title__icontains=word) | Q(task_type__istartswith=word)
        return rest & self.created() if self.order == ORDERS["due"] else rest

    def created(self) -> Q:
        since = Q(created_at__gte=midnight(self.since)) if self.since else Q()
        day_after = self.until + timedelta(days=1) if self.until else None
        return since & Q(created_at__lt=midnight(day_after)) if day_after else since


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


class Found(NamedTuple):
    """`following` is where the next page begins; `further` where a look further back would, when this one ended."""

    rows: list[Task]
    following: Cursor | None
    further: Cursor | None


def find_tasks(wanted: Wanted, *, limit: int = PAGE, after: Cursor | None = None) -> Found:
    rows, edge = looked_through(wanted, LOOKED_THROUGH, after)
    found = list(light(rows)[: limit + 1])
    shown = found[:limit]
    if len(found) > limit:
        return Found(shown, wanted.order.place_of(shown[-1]), None)
    return Found(shown, None, edge)


def find_tasks_again(wanted: Wanted, *, after: Cursor | None, until: Cursor, most: int) -> Found:
    """All that fit down to where the list on a screen goes on: its end stays where it is, whatever came on top."""
    rows = wanted.by_index()
    rows = wanted.order.after(rows, after) if after else rows
    rows = wanted.order.until(rows, until).filter(wanted.by_reading())
    return Found(list(light(rows)[:most]), until, None)


def light(rows: QuerySet[Task]) -> QuerySet[Task]:
    return rows.select_related("assigned_agent").only(*SHOWN)


def looked_through(
    wanted: Wanted, most: int, after: Cursor | None
) -> tuple[QuerySet[Task], Cursor | None]:
    """The rows that fit among the first `most`; and where those end, if there are more that have to be read."""
    order, rest = wanted.order, wanted.by_reading()
    rows = wanted.by_index()
    rows = order.after(rows, after) if after else rows
    if not rest:
        return rows, None
    place = rows.values_list(order.column, "id")[most - 1 : most].first()
    if place is None:
        return rows.filter(rest), None
    edge = Cursor(*place)
    return order.until(rows, edge).filter(rest), edge


def export_tasks(wanted: Wanted) -> Iterator[tuple[Any, ...]]:
    """The rows that fit among the first `MOST_EXPORTED`, read a chunk at a time."""
    rows, _ = looked_through(wanted, MOST_EXPORTED, None)
    by, after = EXPORTED.index(wanted.order.column), None
    for _ in range(MOST_EXPORTED // CHUNK):
        part = wanted.order.after(rows, after) if after else rows
        chunk = list(part.values_list(*EXPORTED)[:CHUNK])
        yield from map(exported, chunk)
        if len(chunk) < CHUNK:
            return
        after = Cursor(chunk[-1][by], chunk[-1][0])


def exported(row: tuple[Any, ...]) -> tuple[Any, ...]:
    named = dict(zip(EXPORTED, row, strict=True))
    return tuple({**named, "priority": Priority(named["priority"]).label}.values())
