"""An agent asks for work: first what is already assigned to it, then what is queued and fits it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, OuterRef, QuerySet, Subquery

from agentic.actors import Actor
from agentic.clock import Now
from agentic.fixed_query import ASKED_ID, FixedQuery, FixedSet
from agentic.transitions import move_many
from agents.authentication import CallingAgent
from agents.models import Agent, AgentStatus
from agents.strategies import Choice
from decisions import moves
from decisions.matching import claimable_by
from decisions.models import TASKS, Attempt, Review, Task
from decisions.models.decision import Verdict
from decisions.models.task import Outcome, Priority
from decisions.plans import RESULT
from decisions.states import HELD, State
from decisions.stopping import lease_is_void
from decisions.work import rows

HANDED_OUT = (
    "id", "task_type", "title", "description", "priority", "payload", "attempt_count", "max_retries", "retry_count",
    "lease_seconds", "parent_id", "depth", "traceparent", "attempts__lease_token", "attempts__lease_expires_at",
    "now",
)  # fmt: skip


FEEDBACK = ("verdict", "reason_code", "reason", "proposal", "decided_at")


def claim(
    *, agent: CallingAgent, actor: Actor, max_tasks: int, task_types: list[str] | None
) -> list[dict[str, Any]]:
    """Up to `max_tasks` tasks for this agent, each under a lease that it must ack."""
    with transaction.atomic():
        capacity, takes_more, capabilities, registered = lock(agent.id)
        task_types = task_types or registered
        held = held_by(agent.id)
        waiting = [
            task_id
            for task_id, state, task_type, stopped in held
            if state == State.ASSIGNED
            and not stopped
            and (not task_types or task_type in task_types)
        ][:max_tasks]
        room = min(max_tasks - len(waiting), capacity - len(held)) if takes_more else 0
        pulled = pull(agent, capabilities, task_types, room, actor) if room > 0 else []
    return hand_out([*waiting, *pulled])


def held_by(agent_id: UUID) -> list[tuple[UUID, str, str, bool]]:
    """What the agent holds, by priority and age: id, state, type, and whether a stop has taken it away."""
    return [(row[0], row[1], row[2], row[3]) for row in HELD_BY.all(agent_id)]


def lock(agent_id: UUID) -> tuple[int, bool, list[str], list[str]]:
    """How much the agent may hold, whether it takes more, what it can, and which types. Nobody else assigns to it
    until the commit."""
    ((capacity, status, capabilities, task_types),) = LOCK.all(agent_id)
    return capacity, status == AgentStatus.AVAILABLE, capabilities, task_types


def pull(
    agent: CallingAgent,
    capabilities: list[str],
    task_types: list[str] | None,
    room: int,
    actor: Actor,
) -> list[UUID]:
    queued = claimable_by(agent.id, capabilities, task_types)
    works = rows(queued.select_for_update(of=("self",), skip_locked=True, no_key=True)[:room])
    choice = Choice(agent.id, agent.name, "pull", "the agent asked for work")
    written = move_many(
        TASKS, [moves.assign(work, choice, work.now) for work in works], actor=actor
    )
    return [row.pk for row in written if row]


def hand_out(ids: list[UUID]) -> list[dict[str, Any]]:
    """What the agent must know of its tasks, in the order of `ids`."""
    if not ids:
        return []
    found = {row[0]: dict(zip(HANDED_OUT, row, strict=True)) for row in TO_HAND_OUT.of(ids)}
    again = [task_id for task_id, row in found.items() if row["attempt_count"] > 1]
    history = Histories(again)
    return [described(found[task_id], history) for task_id in ids if task_id in found]


def to_hand_out(ids: Sequence[UUID]) -> QuerySet[Task, tuple[Any, ...]]:
    tasks = Task.objects.filter(
        pk__in=ids, attempts__number=F("attempt_count"), attempts__ended_at__isnull=True
    )
    return tasks.order_by().annotate(now=Now()).values_list(*HANDED_OUT)


LOCK = FixedQuery(
    lambda: (
        Agent.objects.filter(pk=ASKED_ID)
        .order_by()
        .select_for_update(no_key=True)
        .values_list("max_concurrent_tasks", "status", "capabilities", "task_types")
    )
)
HELD_BY = FixedQuery(
    lambda: (
        Task.objects.filter(assigned_agent=ASKED_ID, state__in=HELD)
        .order_by("-priority", "created_at", "id")
        .annotate(stopped=lease_is_void())
        .values_list("id", "state", "task_type", "stopped")
    )
)
TO_HAND_OUT = FixedSet(to_hand_out)


class Histories:
    """How earlier attempts at these tasks ended, and what people said of them; nothing is read for first attempts."""

    def __init__(self, ids: list[UUID]) -> None:
        self.last = previous_attempts(ids) if ids else {}
        self.checkpoints = latest_checkpoints(ids) if ids else {}
        self.feedback = spoken_feedback(ids) if ids else {}


def previous_attempts(ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    attempts = Attempt.objects.filter(task__in=ids, number=F("task__attempt_count") - 1)
    said = Review.objects.filter(decision__attempt=OuterRef("pk"), decision__decision_type=RESULT)
    rows = attempts.annotate(verdict=Subquery(said.values("verdict")[:1]))
    return {
        row["task_id"]: dict(row) for row in rows.values("task_id", "number", "outcome", "verdict")
    }


def latest_checkpoints(ids: list[UUID]) -> dict[UUID, dict[str, Any] | None]:
    """The last checkpoint of each task, whichever attempt left it."""
    left = Attempt.objects.filter(task__in=ids, checkpoint__isnull=False).order_by("number")
    return dict(left.values_list("task_id", "checkpoint"))


def spoken_feedback(ids: list[UUID]) -> dict[UUID, list[dict[str, Any]]]:
    feedback: dict[UUID, list[dict[str, Any]]] = {}
    reviews = Review.objects.filter(task__in=ids).order_by("created_at")
    for row in reviews.values_list(
        "task_id", "verdict", "reason_code", "reason", "new_proposal", "created_at"
    ):
        feedback.setdefault(row[0], []).append(dict(zip(FEEDBACK, row[1:], strict=True)))
    return feedback


def described(row: dict[str, Any], history: Histories) -> dict[str, Any]:
    ack_by, now = row["attempts__lease_expires_at"], row["now"]
    last, feedback = history.last.get(row["id"]), history.feedback.get(row["id"], [])
    return {
        "id": row["id"],
        "task_type": row["task_type"],
        "title": row["title"],
        "description": row["description"],
        "priority": Priority(row["priority"]).label,
        "payload": row["payload"],
        "attempt": row["attempt_count"],
        "max_attempts": row["attempt_count"] + row["max_retries"] - row["retry_count"],
        "lease_token": row["attempts__lease_token"],
        "ack_by": ack_by,
        "ack_seconds": round((ack_by - now).total_seconds(), 3),
        "lease_seconds": row["lease_seconds"],
        "lease_expires_at": ack_by,
        "checkpoint": history.checkpoints.get(row["id"]),
        "resume": {"reason": resumed_because(last), "attempt": last["number"]} if last else None,
        "feedback": feedback,
        "traceparent": row["traceparent"] or None,
        "parent_id": row["parent_id"],
        "depth": row["depth"],
    }


# How an attempt that ended by itself came to have a successor after all.
SENT_BACK = {Verdict.REJECT: "rejected", Verdict.RESPOND: "responded"}


def resumed_because(last: dict[str, Any]) -> str:
    """Why there is another attempt; of one that completed or was stopped, what a person did."""
    if last["outcome"] == Outcome.COMPLETED:
        return SENT_BACK.get(last["verdict"], "requeued")
    return "requeued" if last["outcome"] == Outcome.STOPPED else str(last["outcome"])
