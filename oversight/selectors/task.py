"""One task, from near: what a person sees of it, as far as their role lets them."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.db.models import Prefetch, QuerySet

from agentic.errors import NotFound
from decisions.models import Attempt, Decision, Escalation, Feedback, Review, Task
from oversight.selectors import feedback

MOST_DECISIONS = 20
MOST_CHILDREN = 20
MOST_FEEDBACK = 20
MOST_ESCALATIONS = 5


class Few(NamedTuple):
    """The newest of some rows, and whether there are more."""

    rows: list[object]
    more: bool


def few(rows: QuerySet[Task] | QuerySet[Feedback] | QuerySet[Decision], most: int) -> Few:
    found: list[object] = list(rows[: most + 1])
    return Few(found[:most], len(found) > most)


def get_task(task_id: UUID) -> Task:
    rows = Task.objects.select_related("assigned_agent", "target_agent", "created_by", "parent")
    heavy = ("parent__payload", "parent__result", "parent__description")
    task = rows.defer(*heavy).filter(pk=task_id).first()
    if task is None:
        raise NotFound("There is no such task.")
    return task


def last_attempt(task: Task) -> Attempt | None:
    attempts = Attempt.objects.filter(task=task, number=task.attempt_count)
    return attempts.select_related("agent").first()


def decisions_of(task: Task) -> Few:
    """The newest first, each with what a person said of it."""
    said = Prefetch("reviews", Review.objects.select_related("reviewer"))
    rows = Decision.objects.filter(task=task).order_by("-created_at")
    return few(rows.select_related("agent", "attempt").prefetch_related(said), MOST_DECISIONS)


def overrides_of(task: Task) -> list[Review]:
    """What a person said of the task as a whole, while no result waited."""
    rows = Review.objects.filter(task=task, decision__isnull=True).order_by("-created_at")
    return list(rows.select_related("reviewer")[:MOST_DECISIONS])


def feedback_of(task: Task, kinds: Collection[str]) -> Few:
    return few(feedback.feedback_of(task, kinds), MOST_FEEDBACK)


def children_of(task: Task) -> Few:
    rows = Task.objects.filter(parent=task).select_related("assigned_agent")
    heavy = ("payload", "result", "description")
    return few(rows.defer(*heavy).order_by("-created_at", "-id"), MOST_CHILDREN)


def escalations_of(task: Task) -> list[Escalation]:
    """The open one first, then the last ones."""
    people = ("opened_by", "acknowledged_by", "assigned_to", "resolved_by")
    rows = Escalation.objects.filter(task=task).select_related(*people)
    return list(rows.order_by("-id")[:MOST_ESCALATIONS])
