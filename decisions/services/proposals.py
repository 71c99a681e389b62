"""An agent asks before it acts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from agentic.actors import Actor
from agentic.changes import Birth, Happening
from agentic.errors import IllegalMove, Invalid, NotFound
from agentic.ids import new_id
from agentic.transitions import create_many, move_many
from agentic.vocabulary import EventType
from decisions import moves, shapes
from decisions.digests import digest
from decisions.models import DECISIONS, TASKS, Decision, Review
from decisions.models.decision import Route, Verdict
from decisions.plans import RESULT, Answer, known, ruled
from decisions.policy import Ruling, rule_now
from decisions.services.review_load import brought_to_people, refuse_paused
from decisions.services.stale import lost
from decisions.states import LEGAL, DecisionStatus, State
from decisions.work import Work, load_one

# These may be asked again in the same words.
OPEN_AGAIN = (DecisionStatus.EXPIRED, DecisionStatus.RESPONDED)


@transaction.atomic
def propose(call: shapes.Propose, *, agent_id: UUID, actor: Actor) -> Answer:
    """Record the proposal, or find it again: the same one has one verdict, whatever the attempt."""
    if call.decision_type == RESULT:
        raise Invalid(decision_type=f"{RESULT!r} is what complete hands in")
    work = load_one(call.task_id, lock=True)
    check_holder(work, agent_id, call.lease_token)
    proposal = digest(call.decision_type, call.proposal)
    same = Decision.objects.filter(task=work.id, decision_type=call.decision_type, digest=proposal)
    found = same.exclude(status__in=OPEN_AGAIN).values_list("id", flat=True).first()
    return describe(found or record(work, call, proposal, actor))


def check_holder(work: Work, agent_id: UUID, lease_token: UUID) -> None:
    if not work.is_held_by(agent_id, lease_token):
        raise lost(work, agent_id)
    if work.state != State.IN_PROGRESS:
        raise IllegalMove(work.state, LEGAL[work.state])


def record(work: Work, call: shapes.Propose, proposal: str, actor: Actor) -> UUID:
    ruling = rule_now(known(work, call.confidence, call.proposal))
    auto = ruling.route == Route.AUTO
    if not auto:
        refuse_paused(work.held.agent_id)
    said = EventType.DECISION_AUTO_APPROVED if auto else EventType.DECISION_PROPOSED
    about = {
        "task_id": work.id,
        "decision_type": call.decision_type,
        "confidence": call.confidence,
        **ruled(ruling),
    }
    birth = Birth(new_id(), values_of(work, call, proposal, ruling), [Happening(said, about)])
    (written,) = create_many(DECISIONS, [birth], actor=actor)
    brought_to_people(work.held.agent_id, 0 if auto else 1)
    return written.pk


def values_of(work: Work, call: shapes.Propose, proposal: str, ruling: Ruling) -> dict[str, Any]:
    auto = ruling.route == Route.AUTO
    return {
        "task_id": work.id,
        "attempt_id": work.held.id,
        "agent_id": work.held.agent_id,
        "decision_type": call.decision_type,
        "confidence": call.confidence,
        "rationale": call.rationale,
        "proposal": call.proposal,
        "evidence": call.evidence,
        "digest": proposal,
        "status": DecisionStatus.AUTO_APPROVED if auto else DecisionStatus.PENDING,
        **ruled(ruling),
        "due_at": None if auto else work.now + timedelta(seconds=ruling.review_seconds),
        "created_at": work.now,
        "decided_at": work.now if auto else None,
    }


def describe(decision_id: UUID) -> Answer:
    """A decision as its agent sees it: `proposal` is what may be done, the person's version where it was edited."""
    row = Decision.objects.values("id", "task_id", "status", "decision_type", "proposal").get(
        pk=decision_id
    )
    review = (
        Review.objects.filter(decision=decision_id)
        .values("verdict", "reason_code", "reason", "new_proposal")
        .first()
    )
    said: dict[str, Any] = dict(review or {})
    edited = said.get("new_proposal")  # which may well be empty
    verdict = "auto" if row["status"] == DecisionStatus.AUTO_APPROVED else None
    if row["status"] == DecisionStatus.OVERRIDDEN:
        verdict = Verdict.OVERRIDE
    return {
        "decision_id": row["id"],
        "task_id": row["task_id"],
        "status": row["status"],
        "decision_type": row["decision_type"],
        "proposal": row["proposal"] if edited is None else edited,
        "verdict": said.get("verdict", verdict),
        "reason_code": said.get("reason_code", ""),
        "reason": said.get("reason", ""),
    }


def keep_lease(work: Work, actor: Actor) -> None:
    """Waiting for somebody else never uses up the agent's lease."""
    move_many(TASKS, [moves.renew(work, {}, work.now)], actor=actor)


@transaction.atomic
def look_up(decision_id: UUID, *, agent_id: UUID, actor: Actor, renew: bool = True) -> Answer:
    """A decision of this agent's. Asking for a verdict is a sign of life: the lease of the task is renewed."""
    found = Decision.objects.filter(pk=decision_id, task__attempts__agent=agent_id)
    task_id = found.values_list("task_id", flat=True).first()
    if task_id is None:
        raise NotFound("There is no such decision for this agent.")
    work = load_one(task_id, lock=True)
    if (
        renew
        and work.attempt
        and work.attempt.is_open
        and work.attempt.agent_id == agent_id
        and not work.stopped
        and work.state != State.ASSIGNED
    ):
        keep_lease(work, actor)
    return describe(decision_id)
