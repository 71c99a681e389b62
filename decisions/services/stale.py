"""An agent speaks of a lease that has ended: it may be repeating itself, or it must stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from agentic.errors import DomainError, LeaseLost, NotFound
from decisions import shapes
from decisions.digests import digest
from decisions.models import Attempt, Decision, Review
from decisions.models.decision import Verdict
from decisions.models.task import Outcome
from decisions.plans import RESULT, Answer, completion
from decisions.states import TERMINAL, State
from decisions.work import Work

VERDICT_FIELDS = (
    "decision_id", "decision__status", "verdict", "reason_code", "reason", "new_proposal", "decision__proposal",
)  # fmt: skip
# The same words whether it is somebody else's or nobody's: a key must not tell which ids there are.
NO_SUCH_TASK = "There is no such task for this agent."


def answer_stale(work: Work, call: shapes.Call, agent_id: UUID) -> Answer:
    """The answer of a call that was carried out before; LeaseLost, with the reason, for any other."""
    attempts = Attempt.objects.filter(task=work.id, agent=agent_id)
    mine = (
        attempts.filter(lease_token=call.lease_token)
        .values("id", "number", "outcome", "request_digest")
        .first()
    )
    if mine and mine["request_digest"] == digest(call):
        return said_before(work, call, dict(mine))
    raise lost(work, agent_id)


def lost(work: Work, agent_id: UUID) -> DomainError:
    """The lease has ended; who never had one is told nothing of the task."""
    mine = Attempt.objects.filter(task=work.id, agent=agent_id).order_by("-number")
    outcome = mine.values_list("outcome", flat=True).first()
    if outcome is None:
        return NotFound(NO_SUCH_TASK)
    called_off = work.state in {State.CANCELLED, State.ESCALATED} or work.parent_state in TERMINAL
    # Of an override, the agent is told what was decided instead.
    stopped = (
        called_off or work.stopped or (outcome == Outcome.STOPPED and work.state != State.VERIFIED)
    )
    return LeaseLost(state=work.state, cancel_requested=stopped, overrides=overrides_of(work))


def said_before(work: Work, call: shapes.Call, attempt: dict[str, Any]) -> Answer:
    answer: Answer = {
        "task_id": work.id,
        "attempt": attempt["number"],
        "outcome": attempt["outcome"],
    }
    if isinstance(call, shapes.Complete):
        answer |= completed_before(attempt["id"])
    return answer


def completed_before(attempt_id: UUID) -> Answer:
    row = (
        Decision.objects.filter(attempt=attempt_id, decision_type=RESULT)
        .values_list("id", "route")
        .first()
    )
    return completion(*row) if row else {"decision_id": None, "review": None}


def overrides_of(work: Work) -> list[Answer]:
    """What a person decided instead, if that is why the lease ended."""
    if work.state != State.VERIFIED:
        return []
    overrides = Review.objects.filter(task=work.id, verdict=Verdict.OVERRIDE).values(
        "reason", "new_proposal"
    )
    return [
        {
            "decision_id": None,
            "status": "overridden",
            "verdict": Verdict.OVERRIDE,
            "reason_code": "",
            "reason": row["reason"],
            "proposal": row["new_proposal"],
        }
        for row in overrides
    ]


def verdicts_of(attempts: Sequence[UUID]) -> dict[UUID, list[Answer]]:
    """What people decided about the proposals of these attempts, by attempt."""
    verdicts: dict[UUID, list[Answer]] = {}
    reviews = Review.objects.filter(decision__attempt__in=attempts).order_by("created_at")
    for row in reviews.values_list("decision__attempt", *VERDICT_FIELDS):
        decision_id, status, verdict, reason_code, reason, edited, proposal = row[1:]
        said = {
            "decision_id": decision_id,
            "status": status,
            "verdict": verdict,
            "reason_code": reason_code,
            "reason": reason,
            "proposal": proposal if edited is None else edited,
        }
        verdicts.setdefault(row[0], []).append(said)
    return verdicts
