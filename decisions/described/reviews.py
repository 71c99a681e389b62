"""The calls of reviewers and of the review policy, as the API's document has them."""

from __future__ import annotations

from agentic.operations import Operation, limit
from agents.described import AGENT_ID, MORNING
from decisions import answers, shapes
from decisions.described.tasks import ASKED, PLACE, TASK_ID

DECISION_ID = "019a0e63-5b0c-7e9d-a6f4-93d2c8b1a066"
PENDING = {
    "id": DECISION_ID, "task_id": TASK_ID, "agent_id": AGENT_ID, "decision_type": "result", "confidence": 0.72,
    "rationale": "the third digit is blurred", "proposal": {"reading": 8162}, "evidence": None, "route": "person",
    "reason": "confidence 0.72 is below 0.9", "policy_version": 3, "audit_probability": 0.05,
    "due_at": "2026-01-06T08:00:00Z", "created_at": MORNING, "title": ASKED["title"],
    "task_type": ASKED["task_type"], "priority": "high", "payload": ASKED["payload"],
}  # fmt: skip
EDIT = {"verdict": "edit", "proposal": {"reading": 8102}, "reason": "a 0, not a 6"}
REVIEWED = {
    "decision_id": DECISION_ID,
    "task_id": TASK_ID,
    "status": "edited",
    "proposal": {"reading": 8102},
}
RULES = {
    "threshold": 0.9,
    "task_types": {"reading": 0.95},
    "priorities": {"critical": None},
    "sample_share": 0.05,
    "review_seconds": 86_400,
    "note": "meters are read again each month",
}
POLICY = {**RULES, "version": 3, "is_active": True, "created_by_id": None, "created_at": MORNING}
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
SHOW_POLICY = Operation(
    summary="Show the review policy",
    about="The active version.",
    answer=answers.Policy,
    answered=POLICY,
    errors=(404,),
)
PUBLISH_POLICY = Operation(
    summary="Publish a review policy",
    about="A new version, which takes effect at once. A threshold of null always asks a person; a `sample_share` of 0 "
    "takes a `note` that says why.",
    body=shapes.NewPolicy,
    example=RULES,
    answer=answers.Policy,
    answered=POLICY,
    status=201,
)
