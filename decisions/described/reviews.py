"""The calls of reviewers and of the review policy, as the API's document has them."""

from __future__ import annotations

from agentic.operations import Operation, limit
from agents.described import AGENT_ID, MORNING
from decisions import answers, shapes
from decisions.described.tasks import ASKED, PLACE, TASK_ID

DECISION_ID = "019a0e63-5b0c-7e9d-a6f4-93d2c8b1a066"
RISK_REASONS = [
    {"feature": "confidence", "says": "stated confidence 0.72, worth 0.63 by past verdicts", "weight": 0.84},
    {"feature": "record", "says": "of its work on reading people corrected 31 % (120 verdicts)", "weight": 0.37},
    {"feature": "attempt", "says": "the first attempt", "weight": -0.12},
]  # fmt: skip
PENDING = {
    "id": DECISION_ID, "task_id": TASK_ID, "agent_id": AGENT_ID, "decision_type": "result", "confidence": 0.72,
    "rationale": "the third digit is blurred", "proposal": {"reading": 8162}, "evidence": None, "route": "person",
    "reason": "confidence 0.72 is below 0.9", "policy_version": 3, "audit_probability": 0.05,
    "model_version": "2026-01-05.1", "predicted_risk": 0.41, "risk_reasons": RISK_REASONS,
    "recalibrated_confidence": 0.63, "due_at": "2026-01-06T08:00:00Z", "created_at": MORNING, "title": ASKED["title"],
    "task_type": ASKED["task_type"], "priority": "high", "payload": ASKED["payload"],
}  # fmt: skip
EDIT = {"verdict": "edit", "proposal": {"reading": 8102}, "reason": "a 0, not a 6"}
REVIEWED = {
    "decision_id": DECISION_ID,
    "task_id": TASK_ID,
    "status": "edited",
    "proposal": {"reading": 8102},
}
WORDS = (
    "`edit` takes the new `proposal`, `reject` a `reason_code`, `respond` its text in `reason`; an `override` is said "
    "of the task, not here."
)

LIST_REVIEWS = Operation(
    summary="List what waits for a person",
    about="The most urgent first.",
    query=(limit(50, 500), PLACE),
    answer=answers.ReviewPage,
    answered={"reviews": [PENDING], "next": None},
)
REVIEW = Operation(
    summary="Give a verdict",
    about=f"{WORDS} Of two people who decide at once, one gets 409.",
    body=shapes.ReviewRequest,
    example=EDIT,
    answer=answers.Reviewed,
    answered=REVIEWED,
)
REVIEW_MANY = Operation(
    summary="Give many verdicts",
    about=f"Up to 500, each by itself. {WORDS}",
    body=shapes.Reviews,
    example={"reviews": [{"decision_id": DECISION_ID, **EDIT}]},
    answer=answers.ReviewResults,
    answered={"results": [{"status": 200, "body": REVIEWED}]},
)
