"""A task as the services see it: the row, its last attempt, and the database's time, read at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import connection
from django.db.models import F, FilteredRelation, Q, QuerySet

from agentic.changes import Birth, Written
from agentic.clock import Now
from agentic.errors import IllegalMove, NotFound
from agentic.fixed_query import FixedSet, read
from decisions.models import Task
from decisions.states import LEGAL, State
from decisions.stopping import lease_is_void

TASK_FIELDS = (
    "id", "state", "version", "task_type", "priority", "retry_count", "max_retries", "attempt_count", "ack_timeout",
    "lease_seconds", "backoff_initial", "backoff_coefficient", "backoff_maximum", "non_retryable_errors",
    "required_capabilities", "excluded_agents", "due_at", "assigned_agent_id", "target_agent_id", "parent_id", "depth",
    "created_by_id", "result",
)  # fmt: skip
ATTEMPT_FIELDS = (
    "id", "number", "agent_id", "lease_token", "assigned_at", "lease_expires_at", "ended_at", "outcome", "error",
    "request_digest",
)  # fmt: skip


# With the parent's state, whether it is stopped, and the time, before the attempt.
HEAD = len(TASK_FIELDS) + 3
# What a new task has where its creator says nothing.
FIRST = {
    "state": State.QUEUED, "retry_count": 0, "attempt_count": 0, "due_at": None, "assigned_agent_id": None,
    "target_agent_id": None, "parent_id": None, "depth": 0, "created_by_id": None, "result": None,
}  # fmt: skip


class LastAttempt(msgspec.Struct):
    id: UUID
    number: int
    agent_id: UUID
    lease_token: UUID
    assigned_at: datetime
    lease_expires_at: datetime
    ended_at: datetime | None
    outcome: str
    error: dict[str, Any] | None
    request_digest: str

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


class Work(msgspec.Struct):
    """`now` is the database's clock at the moment of reading: deadlines are set and compared by it alone.

    `stopped`: whoever holds the task holds it in the scope of a stop that is on.
    """

    id: UUID
    state: str
    version: int
    task_type: str
    priority: int
    retry_count: int
    max_retries: int
    attempt_count: int
    ack_timeout: int
    lease_seconds: int
    backoff_initial: float
    backoff_coefficient: float
    backoff_maximum: float
    non_retryable_errors: list[str]
    required_capabilities: list[str]
    excluded_agents: list[str]
    due_at: datetime | None
    assigned_agent_id: UUID | None
    target_agent_id: UUID | None
    parent_id: UUID | None
    depth: int
    created_by_id: UUID | None
    result: dict[str, Any] | None
    parent_state: str | None
    stopped: bool
    now: datetime
    attempt: LastAttempt | None

    @property
    def held(self) -> LastAttempt:
        """The open attempt; IllegalMove when nobody holds the task."""
        if self.attempt is None or not self.attempt.is_open:
            raise IllegalMove(self.state, LEGAL[self.state])
        return self.attempt

    def is_held_by(self, agent_id: UUID, lease_token: UUID) -> bool:
        attempt = self.attempt
        return (
            attempt is not None
            and attempt.is_open
            and not self.stopped
            and (attempt.agent_id, attempt.lease_token) == (agent_id, lease_token)
        )


def rows(tasks: QuerySet[Task]) -> list[Work]:
    """The works of a queryset, in its order."""
    return [work_of(row) for row in read(selected(tasks))]


def selected(tasks: QuerySet[Task]) -> QuerySet[Task, tuple[Any, ...]]:
    last = FilteredRelation("attempts", condition=Q(attempts__number=F("attempt_count")))
    return tasks.annotate(last=last, stopped=lease_is_void(), now=Now()).values_list(
        *TASK_FIELDS, "parent__state", "stopped", "now",
        *(f"last__{name}" for name in ATTEMPT_FIELDS),
    )  # fmt: skip


def work_of(row: Sequence[Any]) -> Work:
    task, attempt = row[:HEAD], row[HEAD:]
    last = LastAttempt(*attempt) if attempt[0] else None
    fields: list[Any] = [*task, last]
    return Work(*fields)


def newborn(birth: Birth, written: Written) -> Work:
    """A task that this transaction has just made, as it would be read."""
    values = {**FIRST, **birth.values, "id": birth.pk, "version": written.version}
    return work_of([*(values[name] for name in TASK_FIELDS), None, False, written.at, None])


def load(ids: Iterable[UUID], *, lock: bool = False) -> dict[UUID, Work]:
    """Works by id. With `lock` nobody moves them, or the tasks above them, before the transaction ends."""
    asked = list(ids)
    if lock:
        lock_rows(asked)
    return {work.id: work for work in map(work_of, BY_ID.of(asked))}


def load_in_turn(ids: Sequence[UUID]) -> list[Work]:
    """Works by priority and age."""
    return [work_of(row) for row in IN_TURN.of(ids)]


def lock_rows(ids: Collection[UUID], *, above: bool = True) -> None:
    """Parents before children and then by id, so that no two callers ever wait for each other in a circle.

    Without `above` these rows alone: for who holds their children already, as asking for grandparents then would be
    asking in the wrong order.

    A statement of its own: one that reads while it waits for a lock brings the task as it is afterwards, but with it
    the attempt as it was before.
    """
    if ids and connection.features.has_select_for_update:
        (LOCK_WITH_ABOVE if above else LOCK).of(list(ids))


def locking(tasks: QuerySet[Task]) -> QuerySet[Task, tuple[UUID]]:
    asked = tasks.order_by()
    above = asked.filter(parent__isnull=False).values("parent")
    return locked(Task.objects.filter(pk__in=asked.values("pk").union(above)))


def locked(tasks: QuerySet[Task]) -> QuerySet[Task, tuple[UUID]]:
    return tasks.order_by("depth", "pk").select_for_update(no_key=True).values_list("pk")


BY_ID = FixedSet(lambda ids: selected(Task.objects.filter(pk__in=ids).order_by()))
IN_TURN = FixedSet(
    lambda ids: selected(Task.objects.filter(pk__in=ids).order_by("-priority", "created_at", "id"))
)
LOCK = FixedSet(lambda ids: locked(Task.objects.filter(pk__in=ids)))
LOCK_WITH_ABOVE = FixedSet(lambda ids: locking(Task.objects.filter(pk__in=ids)))


def load_one(task_id: UUID, *, lock: bool = False) -> Work:
    work = load([task_id], lock=lock).get(task_id)
    if work is None:
        raise NotFound("There is no such task.")
    return work
