"""What waits at the review desk, by what matters: escalated before, due, risk, priority."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import QueryDict
from django.utils.http import urlencode

from agentic.clock import database_now
from agentic.errors import Invalid
from agents.models import Agent
from decisions.models import Decision, Escalation, Task
from decisions.models.task import Priority
from decisions.states import DecisionStatus

# The most urgent that are ranked; with filters, those among which is looked for them.
RANKED, LOOKED_THROUGH = 200, 1_000
SHOWN = 50
MOST_ESCALATED = 3
# What is due within one of these is equally due: inside of it, risk comes first.
BANDS = tuple(timedelta(minutes=minutes) for minutes in (0, 15, 60, 4 * 60, 24 * 60))
MINE, FREE = "mine", "free"


class Filters(NamedTuple):
    """As they stand in the address. `who` is mine, free, or empty for all."""

    task_type: str = ""
    agent: str = ""
    priority: str = ""
    who: str = ""

    @property
    def query(self) -> str:
        """With its question mark; empty when nothing is filtered."""
        said = {name: value for name, value in self._asdict().items() if value}
        return f"?{urlencode(said)}" if said else ""


class Waiting(NamedTuple):
    """A decision in the queue."""

    id: UUID
    task_id: UUID
    title: str
    task_type: str
    priority: int
    agent: str | None
    confidence: float | None
    predicted_risk: float | None
    due_at: datetime
    reserved_by_id: UUID | None
    reserved_by: str | None
    reserved_until: datetime | None
    was_escalated: bool

    @property
    def risk(self) -> float:
        """What was predicted, else what the agent's own doubt says; nothing stated is the most."""
        if self.predicted_risk is not None:
            return self.predicted_risk
        return 1.0 if self.confidence is None else 1 - self.confidence

    def holder(self, now: datetime) -> UUID | None:
        held = self.reserved_until is not None and self.reserved_until > now
        return self.reserved_by_id if held else None


class Queue(NamedTuple):
    """`rows` the most urgent first; `more` may wait behind them, or outside of what was looked through."""

    rows: list[Waiting]
    more: bool
    now: datetime
    person: UUID

    @property
    def shown(self) -> list[tuple[Waiting, str]]:
        """Each with who looks at it."""
        return [(row, self.holder_of(row)) for row in self.rows[:SHOWN]]

    def holder_of(self, row: Waiting) -> str:
        holder = row.holder(self.now)
        if holder is None:
            return ""
        return "you" if holder == self.person else row.reserved_by or ""

    def held_by_others(self, row: Waiting) -> bool:
        return row.holder(self.now) not in {None, self.person}

    def after(self, decision_id: UUID | None) -> list[UUID]:
        """What may come next, from behind this one on, and from the top again: nothing that others look at."""
        ids = [row.id for row in self.rows]
        place = ids.index(decision_id) + 1 if decision_id in ids else 0
        turned = [*self.rows[place:], *self.rows[:place]]
        return [row.id for row in turned if row.id != decision_id and not self.held_by_others(row)]


def filters_of(query: QueryDict) -> Filters:
    """Invalid, naming the filter, for what no list has."""
    asked = Filters(*(query.get(name, "").strip() for name in Filters._fields))
    if asked.priority not in {"", *Priority.labels}:
        raise Invalid(priority="low, medium, high or critical")
    if asked.who not in {"", MINE, FREE}:
        raise Invalid(who="mine or free")
    if len(asked.task_type) > 100 or len(asked.agent) > 100 or "\0" in "".join(asked):
        raise Invalid(filter="there is no such type or agent")
    return asked


def queue_for(person: UUID, filters: Filters) -> Queue:
    now = database_now()
    bound = LOOKED_THROUGH if any(filters) else RANKED
    # One more than is looked through tells whether there is more.
    first = list(most_urgent().values_list("pk", flat=True)[: bound + 1])
    rows = [Waiting(*row) for row in about(first[:bound], filters, person, now)]
    ranked = sorted(rows, key=lambda row: rank(row, now))
    return Queue(ranked[:RANKED], len(first) > bound or len(rows) > RANKED, now, person)


def most_urgent() -> QuerySet[Decision]:
    return Decision.objects.filter(status=DecisionStatus.PENDING).order_by("due_at", "id")


def about(
    ids: Sequence[UUID], filters: Filters, person: UUID, now: datetime
) -> QuerySet[Decision, Any]:
    escalated = Escalation.objects.filter(task=OuterRef("task_id"))
    rows = Decision.objects.filter(conditions(filters, person, now), pk__in=ids)
    return rows.annotate(was_escalated=Exists(escalated)).values_list(
        "id", "task_id", "task__title", "task__task_type", "task__priority", "agent__name", "confidence",
        "predicted_risk", "due_at", "reserved_by_id", "reserved_by__username", "reserved_until", "was_escalated",
    )  # fmt: skip


def conditions(filters: Filters, person: UUID, now: datetime) -> Q:
    found = Q(status=DecisionStatus.PENDING)
    if filters.task_type:
        found &= Q(task__task_type=filters.task_type)
    if filters.agent:
        found &= Q(agent__name=filters.agent)
    if filters.priority:
        found &= Q(task__priority=Priority[filters.priority.upper()])
    mine = Q(reserved_by=person)
    if filters.who == MINE:
        found &= mine & Q(reserved_until__gt=now)
    if filters.who == FREE:
        found &= Q(reserved_until__isnull=True) | Q(reserved_until__lte=now) | mine
    return found


def rank(row: Waiting, now: datetime) -> tuple[Any, ...]:
    """Small comes first; ids at the end, so that the order is the same each time."""
    left = row.due_at - now
    band = sum(left > bound for bound in BANDS)
    return not row.was_escalated, band, -round(row.risk, 1), -row.priority, row.due_at, row.id


class Choices(NamedTuple):
    task_types: list[str]
    agents: list[str]


def choices() -> Choices:
    """What can be filtered by: the types and agents of what waits."""
    ids = list(most_urgent().values_list("pk", flat=True)[:LOOKED_THROUGH])
    types = Task.objects.filter(decisions__in=ids).order_by("task_type")
    agents = Agent.objects.filter(decisions__in=ids).order_by("name")
    return Choices(
        list(types.values_list("task_type", flat=True).distinct()),
        list(agents.values_list("name", flat=True).distinct()),
    )


class Escalated(NamedTuple):
    """A task that waits for a person as a whole."""

    task_id: UUID
    title: str
    level: int
    reason: str
    opened_at: datetime


def most_escalated() -> list[Escalated]:
    """The highest level first, then the longest waiting."""
    rows = Escalation.objects.filter(resolved_at__isnull=True).order_by("-level", "opened_at", "id")
    fields = rows.values_list("task_id", "task__title", "level", "reason", "opened_at")
    return [Escalated(*row) for row in fields[:MOST_ESCALATED]]
