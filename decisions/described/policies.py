"""The calls of the review policy and of its drafts, as the API's document has them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import Meta

from agentic.operations import Operation, Query, limit
from agents.described import MORNING
from decisions import answers, shapes
from decisions.described.tasks import PLACE

RULES = {
    "threshold": 0.9,
    "task_types": {"reading": 0.95},
    "priorities": {"critical": None},
    "sample_share": 0.05,
    "review_seconds": 86_400,
    "note": "meters are read again each month",
}
BUDGET = {"budget": "share", "budget_value": 0.2, "risk_threshold": None}
POLICY = {
    **RULES, **BUDGET, "risk_threshold": 0.13, "risk_model_version": "2026-01-04.1", "version": 3, "is_active": True,
    "created_by_id": None, "approved_by_id": None, "created_at": MORNING,
}  # fmt: skip
DRAFT_ID = "019a0e95-7c1a-7b3e-9d54-2f6b8e0a4c11"
PERSON_ID = "019a0e11-2b7d-7a60-8c35-91d4f7e0b6a2"
DRAFT = {
    **RULES, **BUDGET, "id": DRAFT_ID, "state": "open", "simulation": None, "simulated_at": None, "version": None,
    "created_by_id": PERSON_ID, "created_at": MORNING,
}  # fmt: skip


def figure(value: float, low: float, high: float, n: int) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "n": n}


def outcome(to_people: float, drawn: float) -> dict[str, Any]:
    return {
        "to_people": figure(to_people, to_people - 0.008, to_people + 0.008, 10_000), "asked": 1_579, "drawn": drawn,
        "unseen": 8_000.0, "error": figure(0.012, 0.006, 0.022, 640), "right": 631, "wrong": 9, "no_verdict": 4,
        "pending": 8,
        "never_seen": 7_769, "hours": figure(13.9, 13.1, 14.7, 820), "hours_saved": figure(55.6, 52.4, 58.7, 820),
    }  # fmt: skip


SIMULATED = {
    **DRAFT,
    "simulated_at": MORNING,
    "simulation": {
        "decisions": 10_000, "since": "2025-12-06T08:00:00Z", "until": MORNING, "model_version": "2026-01-04.1",
        "calibration_version": "2026-01-04.2", "active_version": 2,
        "scored": 10_000, "risk_threshold": 0.13, "found": True, "problem": "",
        "seconds_per_review": figure(25.0, 23.6, 26.4, 820), "draft": outcome(0.2, 421.0),
        "active": outcome(0.31, 363.0), "hours_saved": figure(7.6, 7.2, 8.1, 820),
        "curve": [{"threshold": 0.13, "to_people": 0.2, "error": 0.012, "low": 0.006, "high": 0.022, "n": 640}],
        "warnings": [],
    },
}  # fmt: skip

SHOW_POLICY = Operation(
    summary="Show the review policy",
    about="The active version.",
    answer=answers.Policy,
    answered=POLICY,
    errors=(404,),
)
LIST_POLICIES = Operation(
    summary="List the versions of the review policy",
    about="Newest first.",
    query=(
        limit(50, 500),
        Query(
            name="before",
            type=Annotated[int, Meta(ge=1, le=10**9)],
            about="The `next` of the page before.",
        ),
    ),
    answer=answers.PolicyPage,
    answered={"policies": [POLICY], "next": None},
)
PUBLISH_POLICY = Operation(
    summary="Propose a review policy",
    about="Makes a draft, which a second person publishes. Where `POLICY_TWO_PEOPLE` is off, it is a version that "
    "takes effect at once, with 201. A threshold of null always asks a person; a `sample_share` of 0 takes a `note` "
    "that says why.",
    body=shapes.NewPolicy,
    example=RULES,
    answer=answers.PolicyDraft,
    answered={**DRAFT, "budget": "", "budget_value": None},
    status=202,
)
ACTIVATE_POLICY = Operation(
    summary="Go back to a version of the review policy",
    about="It takes effect at once, and that is audited. To activate the active one changes nothing.",
    body=shapes.Nothing,
    example={},
    answer=answers.Policy,
    answered=POLICY,
)
LIST_DRAFTS = Operation(
    summary="List drafts of the review policy",
    about="Newest first, without what simulations said.",
    query=(
        Query(
            name="state",
            type=Literal["open", "published", "closed"],
            about="Only those in this state.",
        ),
        limit(50, 500),
        PLACE,
    ),
    answer=answers.PolicyDraftPage,
    answered={"drafts": [DRAFT], "next": None},
)
DRAFT_POLICY = Operation(
    summary="Draft a review policy",
    about="With a budget: `share`, the share of all decisions that people can look at, or `error`, the share of wrong "
    "ones that is acceptable among those that nobody looks at. `risk_threshold` is found for it by simulation, unless "
    "it is said.",
    body=shapes.NewDraft,
    example={**RULES, **BUDGET},
    answer=answers.PolicyDraft,
    answered=DRAFT,
    status=201,
)
SHOW_DRAFT = Operation(
    summary="Show a draft",
    about="With what the simulation said, if there was one since it was last changed.",
    answer=answers.PolicyDraft,
    answered=SIMULATED,
)
EDIT_DRAFT = Operation(
    summary="Change a draft",
    about="Only who wrote it. It is simulated anew before it is published.",
    body=shapes.NewDraft,
    example={**RULES, **BUDGET},
    answer=answers.PolicyDraft,
    answered=DRAFT,
    errors=(409,),
)
SIMULATE_DRAFT = Operation(
    summary="Try a draft on past decisions",
    about="Up to 100,000 decisions of the last 30 days: whom it would ask, what it would let pass, how much of that is "
    "wrong, and how many hours it takes, each with its 95 % interval. It takes some seconds.",
    body=shapes.Nothing,
    example={},
    answer=answers.PolicyDraft,
    answered=SIMULATED,
)
PUBLISH_DRAFT = Operation(
    summary="Publish a draft",
    about="By another person than who wrote it. It takes effect at once. `simulated_at` is that of the draft that they "
    "looked at. 409 when it was changed or simulated since, when no threshold was found for its budget, or when "
    "another version of the risk model is live now.",
    body=shapes.Publishing,
    example={"simulated_at": MORNING},
    answer=answers.Policy,
    answered=POLICY,
    status=201,
)
CLOSE_DRAFT = Operation(
    summary="Put a draft aside",
    about="By who wrote it, or an admin.",
    body=shapes.Nothing,
    example={},
    answer=answers.PolicyDraft,
    answered={**DRAFT, "state": "closed"},
)
