"""Reads for the API: rows as they go out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, F, Q

from agentic.errors import NotFound
from agentic.fixed_query import FixedSet, read
from agents.models import Agent, AgentStatus
from decisions.cursors import Cursor
from decisions.models import (
    Decision,
    Escalation,
    Feedback,
    PolicyDraft,
    ReviewPolicy,
    Stop,
    Task,
)
from decisions.models.task import Priority
from decisions.states import DecisionStatus, State
from decisions.stopping import on
from mlregistry.models import JobStatus, RegisteredModel, TrainingJob

TASK_FIELDS = (
    "id", "title", "description", "task_type", "priority", "state", "payload", "result", "required_capabilities",
    "assigned_agent_id", "target_agent_id", "parent_id", "depth", "retry_count", "max_retries", "attempt_count",
    "ack_timeout", "lease_seconds", "due_at", "version", "created_by_id", "created_at", "updated_at",
)  # fmt: skip
PENDING_FIELDS = (
    "id", "task_id", "agent_id", "decision_type", "confidence", "rationale", "proposal", "evidence", "route", "reason",
    "policy_version", "audit_probability", "model_version", "predicted_risk", "risk_reasons", "recalibrated_confidence",
    "due_at", "created_at",
)  # fmt: skip
STOP_FIELDS = (
    "id", "scope", "agent_id", "task_type", "reason", "created_by_id", "created_at", "lifted_by_id", "lifted_at",
)  # fmt: skip
FEEDBACK_FIELDS = ("id", "task_id", "decision_id", "feedback_type", "content", "created_at")
Row = dict[str, Any]


def task_row(values: Sequence[Any]) -> Row:
    """A task as the contract has it: priority by name, and the agent that it has or waits for."""
    row = dict(zip(TASK_FIELDS, values, strict=True))
    target = row.pop("target_agent_id")
    row["priority"] = Priority(row["priority"]).label
    row["assigned_agent_id"] = row["assigned_agent_id"] or target
    return row


def get_task(task_id: UUID) -> Row:
    found = read_tasks([task_id])
    if task_id not in found:
        raise NotFound("There is no such task.")
    return found[task_id]


def get_tasks(ids: Sequence[UUID]) -> list[Row]:
    """Tasks in the order of `ids`."""
    found = read_tasks(ids)
    return [found[task_id] for task_id in ids]


def read_tasks(ids: Sequence[UUID]) -> dict[UUID, Row]:
    return {row["id"]: row for row in map(task_row, BY_ID.of(ids))}


BY_ID = FixedSet(lambda ids: Task.objects.filter(pk__in=ids).order_by().values_list(*TASK_FIELDS))


def list_tasks(*, state: str, limit: int, offset: int, cursor: Cursor | None) -> list[Row]:
    """Newest first. By cursor any page costs the same; an offset is read past row by row."""
    tasks = Task.objects.filter(state=state) if state else Task.objects.all()
    tasks = tasks.order_by("-created_at", "-id")
    if cursor:
        tasks = cursor.after(tasks)
    return [task_row(row) for row in read(tasks.values_list(*TASK_FIELDS)[offset : offset + limit])]


def list_escalated(*, limit: int, cursor: Cursor | None) -> list[Row]:
    """Tasks that wait for a person as a whole, with why, newest first."""
    rows = list_tasks(state=State.ESCALATED, limit=limit, offset=0, cursor=cursor)
    opened = Escalation.objects.filter(
        task__in=[row["id"] for row in rows], resolved_at__isnull=True
    )
    known = {
        row["task_id"]: row
        for row in opened.values("task_id", "level", "reason", "opened_at", "acknowledged_at")
    }
    return [{**row, "escalation": known.get(row["id"])} for row in rows]


def list_pending(*, limit: int, cursor: Cursor | None) -> list[Row]:
    """Decisions that wait for a person, the most urgent first, with what they are about."""
    pending = Decision.objects.filter(status=DecisionStatus.PENDING).order_by("due_at", "id")
    if cursor:
        later = Q(due_at__gt=cursor.at) | Q(due_at=cursor.at, id__gt=cursor.id)
        pending = pending.filter(later, due_at__gte=cursor.at)
    about = {name: F(f"task__{name}") for name in ("title", "task_type", "priority", "payload")}
    rows = pending.values(*PENDING_FIELDS, **about)[:limit]
    return [{**row, "priority": Priority(row["priority"]).label} for row in rows]


def list_stops(*, only_on: bool, limit: int, cursor: Cursor | None) -> list[Row]:
    """What is stopped, and with `only_on` nothing else; newest first."""
    stops = on() if only_on else Stop.objects.all()
    stops = stops.order_by("-created_at", "-id")
    if cursor:
        stops = cursor.after(stops)
    return list(stops.values(*STOP_FIELDS)[:limit])


def list_feedback(agent_id: UUID, *, after: UUID | None, limit: int) -> list[Row]:
    """What was said of an agent's work, the oldest first; not what the platform made of it, lest it learn to please."""
    said = Feedback.objects.filter(agent=agent_id).order_by("id")
    if after:
        said = said.filter(pk__gt=after)
    return [as_told(row) for row in said.values(*FEEDBACK_FIELDS)[:limit]]


def as_told(row: Row) -> Row:
    told = {name: value for name, value in row["content"].items() if name != "rested_on"}
    return {**row, "content": told}


def active_policy() -> ReviewPolicy:
    policy = ReviewPolicy.objects.filter(is_active=True).first()
    if policy is None:
        raise NotFound("No version of the policy is active: a person looks at everything.")
    return policy


def list_policies(*, limit: int, before: int) -> list[ReviewPolicy]:
    """Versions below this one, the newest first."""
    rows = ReviewPolicy.objects.filter(version__lt=before).order_by("-version")
    return list(rows.select_related("created_by", "approved_by")[:limit])


def list_drafts(*, state: str, limit: int, cursor: Cursor | None) -> list[PolicyDraft]:
    """The newest first, without what simulations said."""
    rows = PolicyDraft.objects.order_by("-created_at", "-id")
    rows = cursor.after(rows) if cursor else rows
    rows = rows.filter(state=state) if state else rows
    return list(rows.select_related("created_by", "policy").defer("simulation")[:limit])


def stats() -> Row:
    """The contract's counters; an agent counts as available while it takes work."""
    jobs = TrainingJob.objects.aggregate(
        pending=Count("pk", filter=Q(status=JobStatus.PENDING)),
        running=Count("pk", filter=Q(status=JobStatus.RUNNING)),
    )
    return {
        "tasks": Task.objects.aggregate(
            total=Count("pk"), escalated=Count("pk", filter=Q(state=State.ESCALATED))
        ),
        "agents": Agent.objects.aggregate(
            total=Count("pk"), available=Count("pk", filter=Q(status=AgentStatus.AVAILABLE))
        ),
        "models": RegisteredModel.objects.aggregate(
            total=Count("pk"), active=Count("pk", filter=Q(is_active=True))
        ),
        "training_jobs": jobs,
    }
