"""What people do with a task itself: override, escalate, cancel, requeue, or move it by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction

from agentic.actors import Actor
from agentic.audits import record
from agentic.changes import Insert, Move
from agentic.errors import Conflict, IllegalMove, Invalid
from agentic.ids import new_id
from agentic.vocabulary import AuditAction, EntityType
from agentic.vocabulary import EventType as Said
from agents.models import Agent
from decisions import moves, shapes
from decisions.digests import digest
from decisions.models import TASK_OVERRIDES, Decision, Review
from decisions.models.decision import Route, Verdict
from decisions.models.task import Outcome
from decisions.plans import RESULT, completed, decided
from decisions.policy import active, ruling
from decisions.provenance import PROVENANCE, rested_on, seen_with
from decisions.services.assignment import choose_for, lock_agents, read_candidates
from decisions.services.effects import move_tasks
from decisions.services.verdicts import check_duties, decide, feedback
from decisions.states import HELD, LEGAL, OVERRIDABLE, DecisionStatus, State
from decisions.work import Work, load_one

Metadata = dict[str, Any]
AUDITED = ("assigned_agent_id", "retry_count", "result")


@transaction.atomic
def override_task(
    task_id: UUID,
    *,
    actor: Actor,
    reason: str,
    new_decision: dict[str, Any],
    metadata: Metadata | None = None,
    seconds_spent: float | None = None,
) -> None:
    """A person decides in the agent's place; whatever the agent does afterwards is refused."""
    work = load_one(task_id, lock=True)
    check_duties(work, actor)
    if not OVERRIDABLE[work.state]:
        raise IllegalMove(work.state, LEGAL[work.state])
    told = {"reason": reason, "by": actor.label, "metadata": metadata or {}}
    also = override_rows(work, actor, reason, new_decision, seconds_spent)
    move = moves.end(
        work,
        Said.TASK_OVERRIDDEN,
        told,
        work.now,
        state=State.VERIFIED,
        result=new_decision,
        also=also,
    )
    carry_out(move, work, actor, machine=TASK_OVERRIDES, leaving=DecisionStatus.OVERRIDDEN)
    audit(AuditAction.TASK_OVERRIDDEN, work, actor, reason, after=changed(work, move))


def override_rows(
    work: Work,
    actor: Actor,
    reason: str,
    new_decision: dict[str, Any],
    seconds_spent: float | None,
) -> tuple[Insert, ...]:
    """The review of the override and its example; of a pending result, it is that result's review."""
    pending = Decision.objects.filter(
        task=work.id, decision_type=RESULT, status=DecisionStatus.PENDING
    )
    fields = ("id", "agent_id", "proposal", "confidence", *PROVENANCE)
    decision: dict[str, Any] = dict(pending.values(*fields).first() or {})
    review = {
        "id": new_id(),
        "task_id": work.id,
        "decision_id": decision.get("id"),
        "reviewer_id": actor.user_id,
        "verdict": Verdict.OVERRIDE,
        "reason": reason,
        "new_proposal": new_decision,
        "seconds_spent": seconds_spent,
        "created_at": work.now,
    }
    return Insert(Review, review), example_of(work, actor, decision, new_decision)


def example_of(
    work: Work, actor: Actor, decision: dict[str, Any], new_decision: dict[str, Any]
) -> Insert:
    """`decision` is the pending result, empty where there was none."""
    content = {
        "verdict": Verdict.OVERRIDE,
        "proposal": decision.get("proposal"),
        "corrected": new_decision,
        "confidence": decision.get("confidence"),
        "seen_with_probability": seen_with(decision),
        "rested_on": rested_on(decision),
    }
    agent_id = decision.get("agent_id") or work.assigned_agent_id
    return feedback(work, content, actor, agent_id=agent_id, decision_id=decision.get("id"))


@transaction.atomic
def escalate_task(task_id: UUID, *, actor: Actor, reason: str) -> None:
    """Hand the task to a person; its agent is fenced off."""
    work = load_one(task_id, lock=True)
    move = moves.escalate(work, reason or "escalated by hand", work.now, opened_by=actor.user_id)
    carry_out(move, work, actor)
    audit(AuditAction.TASK_ESCALATED, work, actor, reason, after=changed(work, move))


@transaction.atomic
def change_state(task_id: UUID, *, actor: Actor, state: str, metadata: Metadata) -> None:
    """Move a task by hand, if the table of moves allows it. What an agent would have said stands in `metadata`."""
    work = load_one(task_id, lock=True)
    if state not in LEGAL[work.state]:
        raise IllegalMove(work.state, LEGAL[work.state])
    after = {"state": state}
    if state == State.VERIFIED:
        approve_result(work, actor)
    else:
        move = BY_HAND[state](work, metadata, actor)
        carry_out(move, work, actor)
        after = changed(work, move)
    escalated = state == State.ESCALATED
    action = AuditAction.TASK_ESCALATED if escalated else AuditAction.TASK_MOVED
    said = metadata.get("reason")
    audit(action, work, actor, said if isinstance(said, str) else "", after=after)


def changed(work: Work, move: Move) -> dict[str, Any]:
    """What a move makes of the task, as far as the audit log tells it."""
    kept = {name: move.values[name] for name in AUDITED if name in move.values}
    news = {name: value for name, value in kept.items() if value != getattr(work, name)}
    return {"state": move.new, **news}


def audit(
    action: AuditAction, work: Work, actor: Actor, reason: str, *, after: dict[str, Any]
) -> None:
    """A person's act, with what it changed: the last thing in its transaction."""
    before = {name: getattr(work, name) for name in after}
    told: dict[str, Any] = {"before": before, "after": after, "reason": reason}
    record(action, actor=actor, entity_type=EntityType.TASK, entity_id=work.id, **told)


def carry_out(move: Move, work: Work, actor: Actor, **how: Any) -> None:
    (written,) = move_tasks([move], {work.id: work}, actor=actor, **how)
    if written is None:
        raise Conflict(work.state, LEGAL[work.state])


def approve_result(work: Work, actor: Actor) -> None:
    pending = Decision.objects.filter(
        task=work.id, decision_type=RESULT, status=DecisionStatus.PENDING
    )
    decision_id = pending.values_list("id", flat=True).get()
    decide(shapes.ReviewOf(decision_id=decision_id, verdict=Verdict.APPROVE), actor=actor)


def assign_by_hand(work: Work, metadata: Metadata, actor: Actor) -> Move:
    """To the agent that `metadata` names, else to the one that the strategy chooses."""
    wanted = agent_in(metadata)
    aimed = msgspec.structs.replace(work, target_agent_id=wanted or work.target_agent_id)
    candidates = read_candidates([wanted] if wanted else None)
    lock_agents(sorted(candidate.agent_id for candidate in candidates))
    choice = choose_for([aimed], read_candidates([c.agent_id for c in candidates])).get(work.id)
    if choice is None:
        raise Conflict(work.state, LEGAL[work.state], "No agent that fits is free.")
    move = moves.assign(work, choice, work.now)
    # Whom a person names takes the place of whom the task was made for.
    move.values["target_agent_id"] = aimed.target_agent_id
    return move


def agent_in(metadata: Metadata) -> UUID | None:
    named = metadata.get("agent_id")
    if named is None:
        return None
    try:
        agent_id = UUID(named)
    except (ValueError, TypeError, AttributeError) as error:
        raise Invalid(**{"metadata.agent_id": "not an id"}) from error
    if not Agent.objects.filter(pk=agent_id).exists():
        raise Invalid(**{"metadata.agent_id": "there is no such agent"})
    return agent_id


def object_in(metadata: Metadata, name: str) -> dict[str, Any]:
    value = metadata.get(name, {})
    if not isinstance(value, dict):
        raise Invalid(**{f"metadata.{name}": "an object is expected"})
    return value


def text_in(metadata: Metadata, name: str, default: str) -> str:
    value = metadata.get(name, default)
    if not isinstance(value, str) or len(value) > 10_000:
        raise Invalid(**{f"metadata.{name}": "a text is expected"})
    return value or default


def ack_by_hand(work: Work, metadata: Metadata, actor: Actor) -> Move:
    return moves.advance(work, (State.ACKED,), work.now)


def start_by_hand(work: Work, metadata: Metadata, actor: Actor) -> Move:
    return moves.advance(work, (State.IN_PROGRESS,), work.now)


def complete_by_hand(work: Work, metadata: Metadata, actor: Actor) -> Move:
    """A result that a person hands in is looked at by a person, as nobody stated a confidence."""
    result = object_in(metadata, "result")
    rejected = Decision.objects.filter(
        task=work.id, decision_type=RESULT, digest=digest(RESULT, result)
    )
    if rejected.filter(status=DecisionStatus.REJECTED).exists():
        raise Conflict(work.state, LEGAL[work.state], "A reviewer has rejected this very result.")
    call = shapes.Complete(lease_token=work.held.lease_token, task_id=work.id, result=result)
    by_hand = ruling(active.get(), Route.PERSON, f"handed in by {actor.label}", 1.0)
    return completed(work, call, decided(work, call, digest(RESULT, result), by_hand), by_hand)


def fail_by_hand(work: Work, metadata: Metadata, actor: Actor) -> Move:
    told = object_in(metadata, "error")
    error = {
        "type": text_in(told, "type", "failed_by_hand"),
        "message": text_in(told, "message", f"set by {actor.label}"),
        "retryable": told.get("retryable", True) is not False,
    }
    return moves.fail(work, error, {}, work.now)


def requeue_by_hand(work: Work, metadata: Metadata, actor: Actor) -> Move:
    """From here on retries count anew; it can be claimed at once."""
    told = {
        "reason": text_in(metadata, "reason", "requeued by hand"),
        "by": actor.label,
        **moves.attempt_data(work),
    }
    ended = {"outcome": Outcome.STOPPED} if work.state in HELD else None
    return moves.requeue(
        work, Said.TASK_REQUEUED, told, work.now, due_at=work.now, retries=0, ended=ended
    )


def escalate_by_hand(work: Work, metadata: Metadata, actor: Actor) -> Move:
    reason = text_in(metadata, "reason", "escalated by hand")
    return moves.escalate(work, reason, work.now, opened_by=actor.user_id)


def cancel_by_hand(work: Work, metadata: Metadata, actor: Actor) -> Move:
    told = {"reason": text_in(metadata, "reason", "cancelled by hand"), "by": actor.label}
    return moves.end(work, Said.TASK_CANCELLED, told, work.now, state=State.CANCELLED)


BY_HAND: dict[str, Callable[[Work, Metadata, Actor], Move]] = {
    State.ASSIGNED: assign_by_hand,
    State.ACKED: ack_by_hand,
    State.IN_PROGRESS: start_by_hand,
    State.COMPLETED: complete_by_hand,
    State.FAILED: fail_by_hand,
    State.QUEUED: requeue_by_hand,
    State.ESCALATED: escalate_by_hand,
    State.CANCELLED: cancel_by_hand,
}
