"""One agent, from near: what it holds and tried, what it decided, and how right it was when it said how sure it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from decisions.cursors import Cursor
from decisions.models import Attempt, Decision, Task
from decisions.models.decision import Route
from decisions.reliability import Basis, Reliability, Seen, basis_of, reliability_of
from decisions.states import HELD
from decisions.statistics import Share
from oversight.selectors.agents import corrected

MOST_HELD = 15
PAGE = 25


class Judgement(NamedTuple):
    """What people said of its newest decisions that went to them, `read` in all.

    `sent` are those that the policy sent to a person, the doubtful ones; `drawn` those that would have passed and were
    drawn at random: only these speak for what nobody looked at. `task_types` are those of all of them.
    """

    read: int
    judged: int
    sent: Share
    drawn: Share
    task_types: list[str]


class Word(NamedTuple):
    """How far its confidence can be relied on, over all types of tasks or one."""

    task_type: str
    read: int
    judged: int
    unstated: int  # judged, without a confidence
    found: Reliability
    basis: Basis


def judgement(seen: Sequence[Seen]) -> Judgement:
    judged = [one for one in seen if one.is_judged]
    return Judgement(
        len(seen),
        len(judged),
        corrected(one.said for one in judged if one.route == Route.PERSON),
        corrected(one.said for one in judged if one.route == Route.SAMPLE),
        sorted({one.task_type for one in seen}),
    )


def word_of(agent_id: UUID, seen: Sequence[Seen], task_type: str) -> Word:
    judged = [one for one in seen if one.is_judged]
    unstated = sum(one.confidence is None for one in judged)
    found, basis = reliability_of(judged), basis_of(agent_id, task_type)
    return Word(task_type, len(seen), len(judged), unstated, found, basis)


def tasks_held(agent_id: UUID) -> list[Task]:
    """Those whose time is up first."""
    held = Task.objects.filter(assigned_agent=agent_id, state__in=HELD).order_by("due_at")
    return list(held.only("title", "task_type", "priority", "state", "due_at")[:MOST_HELD])


def attempts(agent_id: UUID, cursor: Cursor | None) -> QuerySet[Attempt]:
    """Newest first; any page at the same cost."""
    rows = Attempt.objects.filter(agent=agent_id).order_by("-assigned_at", "-id")
    if cursor:
        older = Q(assigned_at__lt=cursor.at) | Q(assigned_at=cursor.at, id__lt=cursor.id)
        rows = rows.filter(older, assigned_at__lte=cursor.at)
    return rows.select_related("task").defer("checkpoint", "task__payload", "task__result")[:PAGE]


def with_decisions(attempts: Sequence[Attempt]) -> list[tuple[Attempt, list[Decision]]]:
    """Each with what was decided in it; decisions are found by their tasks."""
    found: defaultdict[UUID | None, list[Decision]] = defaultdict(list)
    rows = Decision.objects.filter(task__in=[attempt.task_id for attempt in attempts])
    for one in rows.only("attempt_id", "decision_type", "confidence", "status").order_by(
        "created_at"
    ):
        found[one.attempt_id].append(one)
    return [(attempt, found[attempt.pk]) for attempt in attempts]
