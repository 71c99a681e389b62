"""What each call of an agent means for its task: pure functions of the row and the call.

A plan is a move and the answer that goes with it. A call that has its effect already has an answer and no move; what
is not allowed raises, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from agentic.changes import Happening, Insert, Move, Patch
from agentic.errors import IllegalMove
from agentic.ids import new_id
from agentic.vocabulary import EntityType
from agentic.vocabulary import EventType as Said
from decisions import moves, shapes
from decisions.assessments import Known
from decisions.digests import canonical, digest
from decisions.models import Decision
from decisions.models.decision import Route
from decisions.models.task import Outcome, WaitsFor
from decisions.policy import Ruling, rule_now
from decisions.states import LEGAL, TERMINAL, DecisionStatus, State
from decisions.work import Work

Answer = dict[str, Any]
RESULT = "result"  # the decision type of what `complete` hands in
# A task that is given back more often than this, for each attempt that it may have, goes to a person.
RELEASES_PER_ATTEMPT = 3
# Whoever waits for a verdict or a child is looked at again after this, whatever happened to it.
LONGEST_WAIT = timedelta(days=1)


class Plan(NamedTuple):
    move: Move | None
    answer: Answer


class Context(NamedTuple):
    """What plans need beyond their rows."""

    # Results that people rejected, by task and digest.
    rejected: frozenset[tuple[UUID, str]] = frozenset()
    # Tasks for which the awaited verdict or child is still out.
    waiting: frozenset[UUID] = frozenset()
    # How often each task was given back since a person last dealt with it.
    releases: Mapping[UUID, int] = MappingProxyType({})
    # What people decided about the proposals of each attempt.
    verdicts: Mapping[UUID, list[Answer]] = MappingProxyType({})


def illegal(work: Work) -> IllegalMove:
    return IllegalMove(work.state, LEGAL[work.state])


def plan_ack(work: Work, call: shapes.Ack, context: Context) -> Plan:
    if work.state == State.ASSIGNED:
        return advanced(work, (State.ACKED, State.IN_PROGRESS) if call.start else (State.ACKED,))
    return advanced(work, (State.IN_PROGRESS,) if call.start and work.state == State.ACKED else ())


def plan_start(work: Work, call: shapes.Start, context: Context) -> Plan:
    if work.state == State.ASSIGNED:
        raise illegal(work)
    return advanced(work, (State.IN_PROGRESS,) if work.state == State.ACKED else ())


def advanced(work: Work, path: tuple[str, ...]) -> Plan:
    move = moves.advance(work, path, work.now) if path else None
    return Plan(move, lease_answer(work, path[-1] if path else work.state, renewed=bool(path)))


def lease_answer(work: Work, state: str, *, renewed: bool) -> Answer:
    expires = (
        work.now + timedelta(seconds=work.lease_seconds) if renewed else work.held.lease_expires_at
    )
    return {
        "task_id": work.id,
        "state": state,
        "lease_expires_at": expires,
        "lease_seconds": work.lease_seconds,
    }


def plan_heartbeat(work: Work, call: shapes.Heartbeat, context: Context) -> Plan:
    if work.state == State.ASSIGNED:
        raise illegal(work)
    said = {"progress": call.progress, "message": call.message, "checkpoint": call.checkpoint}
    marks = {name: value for name, value in said.items() if value is not None}
    renewal = moves.renew(work, marks, work.now)
    answer = {
        "lease_expires_at": renewal.values["due_at"],
        "lease_seconds": work.lease_seconds,
        "cancel_requested": work.parent_state in TERMINAL,
        "overrides": context.verdicts.get(work.held.id, []),
    }
    return Plan(renewal, answer)


def plan_complete(work: Work, call: shapes.Complete, context: Context) -> Plan:
    if work.state != State.IN_PROGRESS:
        raise illegal(work)
    proposal = digest(RESULT, call.result)
    if (work.id, proposal) in context.rejected:
        return rejected_before(work, call)
    ruling = rule_now(known(work, call.confidence, call.result))
    decision = decided(work, call, proposal, ruling)
    move = completed(work, call, decision, ruling)
    return Plan(
        move, finished(work, Outcome.COMPLETED, **completion(decision.values["id"], ruling.route))
    )


def completion(decision_id: UUID | None, route: str) -> Answer:
    return {"decision_id": decision_id, "review": "auto" if route == Route.AUTO else "person"}


def decided(work: Work, call: shapes.Complete, proposal: str, ruling: Ruling) -> Insert:
    """The result as a decision, with what the ruling rested on."""
    auto = ruling.route == Route.AUTO
    return Insert(
        Decision,
        {
            "id": new_id(),
            "task_id": work.id,
            "attempt_id": work.held.id,
            "agent_id": work.held.agent_id,
            "decision_type": RESULT,
            "confidence": call.confidence,
            "rationale": call.rationale,
            "proposal": call.result,
            "evidence": call.evidence,
            "digest": proposal,
            "status": DecisionStatus.AUTO_APPROVED if auto else DecisionStatus.PENDING,
            **ruled(ruling),
            "version": 1,
            "due_at": None if auto else work.now + timedelta(seconds=ruling.review_seconds),
            "created_at": work.now,
            "decided_at": work.now if auto else None,
        },
    )


def known(work: Work, confidence: float | None, proposal: Any) -> Known:
    """What the policy and its models may go by."""
    return Known(
        work.held.agent_id,
        work.task_type,
        work.priority,
        confidence,
        work.held.number,
        len(canonical.encode(proposal)),
        work.now,
    )


def ruled(ruling: Ruling) -> dict[str, Any]:
    return {
        "route": ruling.route,
        "reason": ruling.reason,
        "policy_version": ruling.policy_version,
        "audit_probability": ruling.audit_probability,
        "model_version": ruling.model_version,
        "predicted_risk": ruling.predicted_risk,
        "risk_reasons": ruling.risk_reasons,
        "recalibrated_confidence": ruling.recalibrated_confidence,
    }


def completed(work: Work, call: shapes.Complete, decision: Insert, ruling: Ruling) -> Move:
    """In progress to completed, and on to verified in the same step when nobody has to look."""
    auto, values = ruling.route == Route.AUTO, decision.values
    about = {"decision_id": values["id"], "confidence": call.confidence, **ruled(ruling)}
    events = [Happening(Said.TASK_COMPLETED, {**about, **moves.attempt_data(work)})]
    verdict = Said.DECISION_AUTO_APPROVED if auto else Said.DECISION_PROPOSED
    events.append(
        Happening(verdict, {"task_id": work.id, **about}, EntityType.DECISION, values["id"], 1)
    )
    if auto:
        events.append(Happening(Said.TASK_VERIFIED, {"by": "policy", **about}))
    path = (State.COMPLETED, State.VERIFIED) if auto else (State.COMPLETED,)
    ended = {"outcome": Outcome.COMPLETED, "request_digest": digest(call)}
    also: tuple[Insert | Patch, ...] = (decision, *moves.end_attempt(work, work.now, ended))
    return Move(
        work.id,
        work.state,
        work.version,
        path,
        events,
        outcome_values(work, call, values["due_at"]),
        also,
    )


def outcome_values(work: Work, call: shapes.Complete, due_at: Any) -> dict[str, Any]:
    return {"due_at": due_at, "result": call.result, "waits_for": "", "updated_at": work.now}


def rejected_before(work: Work, call: shapes.Complete) -> Plan:
    """A person said no to this very result: it is not asked again, and the attempt has failed."""
    error = {
        "type": "rejected_before",
        "message": "a person has rejected this result already",
        "retryable": True,
    }
    move = moves.fail(work, error, {"request_digest": digest(call)}, work.now)
    return Plan(move, finished(work, Outcome.FAILED, decision_id=None, review=None))


def plan_fail(work: Work, call: shapes.Fail, context: Context) -> Plan:
    if work.state == State.ASSIGNED:
        raise illegal(work)
    error = {"type": call.error.type, "message": call.error.message, "retryable": call.retryable}
    return Plan(
        moves.fail(work, error, {"request_digest": digest(call)}, work.now),
        finished(work, Outcome.FAILED),
    )


def plan_release(work: Work, call: shapes.Release, context: Context) -> Plan:
    ended = {"outcome": Outcome.RELEASED, "request_digest": digest(call)}
    answer = finished(work, Outcome.RELEASED)
    if work.parent_state in TERMINAL:
        told = {"reason": "its parent has ended, and the agent gave it back"}
        move = moves.end(
            work, Said.TASK_CANCELLED, told, work.now, state=State.CANCELLED, ended=ended
        )
        return Plan(move, answer)
    times = context.releases.get(work.id, 0) + 1
    if times >= RELEASES_PER_ATTEMPT * (work.max_retries + 1):
        reason = f"given back again and again ({times} times)"
        return Plan(moves.escalate(work, reason, work.now, ended=ended), answer)
    data = {"reason": call.reason, **moves.attempt_data(work)}
    # A short pause, so that a task which nobody wants does not spin.
    pause = work.now + timedelta(seconds=work.backoff_initial)
    return Plan(
        moves.requeue(work, Said.TASK_RELEASED, data, work.now, due_at=pause, ended=ended), answer
    )


def plan_suspend(work: Work, call: shapes.Suspend, context: Context) -> Plan:
    if work.state != State.IN_PROGRESS:
        raise illegal(work)
    ended: dict[str, Any] = {"outcome": Outcome.SUSPENDED, "request_digest": digest(call)}
    if call.checkpoint is not None:
        ended["checkpoint"] = call.checkpoint
    waits = call.until if work.id in context.waiting else WaitsFor.NOTHING
    # By time at least the first backoff, so that a task which only ever suspends does not spin.
    shortest = work.backoff_initial if call.until == "time" else 0
    seconds = max(call.resume_after, shortest)
    pause = LONGEST_WAIT if waits else timedelta(seconds=seconds)
    data = {"until": call.until, "resume_after": call.resume_after, **moves.attempt_data(work)}
    move = moves.requeue(
        work,
        Said.TASK_SUSPENDED,
        data,
        work.now,
        due_at=work.now + pause,
        ended=ended,
        waits_for=waits,
    )
    return Plan(move, finished(work, Outcome.SUSPENDED))


def finished(work: Work, outcome: str, **more: Any) -> Answer:
    return {"task_id": work.id, "attempt": work.held.number, "outcome": outcome, **more}


PLANS: dict[type[shapes.Call], Callable[[Work, Any, Context], Plan]] = {
    shapes.Ack: plan_ack,
    shapes.Start: plan_start,
    shapes.Heartbeat: plan_heartbeat,
    shapes.Complete: plan_complete,
    shapes.Fail: plan_fail,
    shapes.Release: plan_release,
    shapes.Suspend: plan_suspend,
}
