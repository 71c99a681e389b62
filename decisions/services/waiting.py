"""Suspended tasks and what wakes them: the verdict they wait for, or the end of what they delegated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from agentic.clock import Now
from decisions.models import Decision, Task
from decisions.models.task import WaitsFor
from decisions.states import OPEN, DecisionStatus, State


def still_waiting(until: Mapping[UUID, str]) -> frozenset[UUID]:
    """Of tasks that want to wait for a verdict or for children: those for which there is something to wait for."""
    verdict = [task_id for task_id, what in until.items() if what == WaitsFor.DECISION]
    child = [task_id for task_id, what in until.items() if what == WaitsFor.CHILDREN]
    pending = pending_about(verdict)
    children = Task.objects.filter(parent__in=child, state__in=OPEN)
    parents = children.values_list("parent_id", flat=True)
    return frozenset(pending.values_list("task_id", flat=True)) | frozenset(parents)


def pending_about(tasks: Sequence[UUID]) -> QuerySet[Decision]:
    """Decisions about these tasks that wait for a person.

    The status is compared so that no index serves it: by that of the review queue the planner would walk through all
    that waits for anybody, and all that did so lately.
    """
    waits = Exact(Coalesce("status", Value("")), DecisionStatus.PENDING)
    return Decision.objects.filter(waits, task__in=tasks)


def wake_parents(parents: Sequence[UUID]) -> None:
    """Children of these tasks have ended: parents that wait for nothing else are due now.

    The caller holds the parents' rows, so that of two last children one sees that the other has ended.
    """
    if not parents:
        return
    unfinished = Task.objects.filter(parent=OuterRef("pk"), state__in=OPEN)
    suspended = Task.objects.filter(pk__in=parents, state=State.QUEUED, waits_for=WaitsFor.CHILDREN)
    suspended.filter(~Exists(unfinished)).update(due_at=Now(), waits_for=WaitsFor.NOTHING)


def wake_askers(tasks: Sequence[UUID]) -> None:
    """The verdict of these tasks is in: those that were suspended for it are due now."""
    if not tasks:
        return
    suspended = Task.objects.filter(pk__in=tasks, state=State.QUEUED, waits_for=WaitsFor.DECISION)
    suspended.update(due_at=Now(), waits_for=WaitsFor.NOTHING)
