"""One agent, from near: what it holds and tried, what it decided, and how right it was when it said how sure it was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, QuerySet

from decisions.calibration import Calibration, calibration
from decisions.cursors import Cursor
from decisions.models import Attempt, Decision, Task
from decisions.models.decision import Route
from decisions.states import CORRECTED, HELD, JUDGED
from decisions.statistics import Bin, Share, reliability
from oversight.selectors.agents import TO_PEOPLE, corrected

MOST_HELD = 15
MOST_JUDGED = 1_000
PAGE = 25


class Judgement(NamedTuple):
    """What people said of its newest decisions that went to them, `read` in all.

    `sent` are those that the policy sent to a person, the doubtful ones; `drawn` those that would have passed and were
    drawn at random: only these speak for what nobody looked at.
    """

    read: int
    judged: int
    sent: Share
    drawn: Share
    bins: list[Bin]
    calibration: Calibration | None
    unstated: int  # judged, without a confidence


def judgement(agent_id: UUID) -> Judgement:
    rows = Decision.objects.filter(agent=agent_id, route__in=TO_PEOPLE).order_by("-created_at")
    found = list(rows.values_list("route", "status", "confidence")[:MOST_JUDGED])
    judged = [row for row in found if row[1] in JUDGED]
    stated = [
        (confidence, status not in CORRECTED)
        for _, status, confidence in judged
        if confidence is not None
    ]
    return Judgement(
        len(found),
        len(judged),
        corrected(status for route, status, _ in judged if route == Route.PERSON),
        corrected(status for route, status, _ in judged if route == Route.SAMPLE),
        reliability(stated),
        calibration(stated),
        len(judged) - len(stated),
    )


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
