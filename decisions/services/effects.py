"""Moves of tasks, with what follows from them for decisions, escalations, parents and children."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from agentic.actors import Actor
from agentic.changes import Happening, Machine, Move, Written
from agentic.clock import Now
from agentic.fixed_query import FixedSet
from agentic.transitions import move_many
from agentic.vocabulary import EventType
from decisions import moves
from decisions.models import DECISIONS, TASK_OVERRIDES, TASKS, Decision, Escalation, Task
from decisions.plans import RESULT
from decisions.services.reservations import NOBODY
from decisions.services.waiting import pending_about, wake_parents
from decisions.states import HELD, OPEN, TERMINAL, DecisionStatus, State
from decisions.work import Work, load, lock_rows

# Nothing follows from a move between these, or from there to a result.
AT_WORK = HELD | {State.QUEUED, State.FAILED}
QUIET = AT_WORK | {State.COMPLETED}
# No pending decision outlives a move to one of these.
ENDS = TERMINAL | {State.ESCALATED}
SAID = {
    DecisionStatus.EXPIRED: EventType.DECISION_EXPIRED,
    DecisionStatus.OVERRIDDEN: EventType.DECISION_OVERRIDDEN,
}


def move_tasks(
    asked: Sequence[Move],
    works: Mapping[UUID, Work],
    *,
    actor: Actor,
    machine: Machine = TASKS,
    leaving: DecisionStatus = DecisionStatus.EXPIRED,
) -> list[Written | None]:
    """Carry out the moves and all that follows. In a transaction of the caller's, where anything can follow."""
    if {move.old for move in asked} <= AT_WORK and {move.new for move in asked} <= QUIET:
        return move_many(machine, asked, actor=actor)
    parents = {works[move.pk].parent_id for move in asked if move.new in TERMINAL}
    lock_rows({parent for parent in parents if parent}, above=False)
    written = move_many(machine, asked, actor=actor)
    done = [move for move, row in zip(asked, written, strict=True) if row]
    left = [move.pk for move in done if move.new in ENDS or move.old == State.COMPLETED]
    settle_decisions(left, leaving, actor=actor)
    resolve_escalations([move for move in done if move.old == State.ESCALATED and move.path], actor)
    ended = [works[move.pk] for move in done if move.new in TERMINAL]
    wake_parents([work.parent_id for work in ended if work.parent_id])
    stopped = [move.pk for move in done if move.new == State.CANCELLED or machine is TASK_OVERRIDES]
    cancel_children(stopped, actor=actor)
    return written


def settle_decisions(tasks: Sequence[UUID], status: DecisionStatus, *, actor: Actor) -> None:
    """Nobody will decide these any more."""
    if not tasks:
        return
    settle(PENDING.of(tasks), status, actor)


def expire_proposals(tasks: Sequence[UUID], *, actor: Actor) -> None:
    """The agent has finished without these answers; the result that it handed in still waits for its own."""
    settle(pending_of(tasks).exclude(decision_type=RESULT), DecisionStatus.EXPIRED, actor)


def settle(pending: Iterable[Sequence[Any]], status: DecisionStatus, actor: Actor) -> None:
    asked = [
        Move(
            decision_id,
            DecisionStatus.PENDING,
            version,
            (status,),
            [Happening(SAID[status], {"task_id": task_id})],
            {"due_at": None, "decided_at": now, **NOBODY},
        )
        for decision_id, version, task_id, now in pending
    ]
    if asked:
        move_many(DECISIONS, asked, actor=actor)


def pending_of(tasks: Sequence[UUID]) -> QuerySet[Decision, tuple[Any, ...]]:
    return pending_about(tasks).order_by().values_list("id", "version", "task_id", Now())


PENDING = FixedSet(pending_of)


def resolve_escalations(done: Iterable[Move], actor: Actor) -> None:
    for move in done:
        Escalation.objects.filter(task=move.pk, resolved_at__isnull=True).update(
            resolved_at=Now(), resolved_by=actor.user_id, resolution=move.new
        )


def cancel_children(parents: Sequence[UUID], *, actor: Actor) -> None:
    """What a stopped task has delegated is stopped with it, down to the last grandchild."""
    if not parents:
        return
    children = Task.objects.filter(parent__in=parents, state__in=OPEN - {State.COMPLETED})
    works = load(children.values_list("pk", flat=True), lock=True)
    asked = [
        moves.end(
            work,
            EventType.TASK_CANCELLED,
            {"reason": "its parent was stopped"},
            work.now,
            state=State.CANCELLED,
        )
        for work in works.values()
        if State.CANCELLED in TASKS.legal[work.state]
    ]
    if asked:
        move_tasks(asked, works, actor=actor)
