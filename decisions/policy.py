"""Auto or person: the review policy, as a pure function of a version and a decision."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from decisions.assessments import UNASSESSED, Assessment, Known
from decisions.learning.assessing import assess
from decisions.models import ReviewPolicy
from decisions.models.decision import Route
from decisions.models.task import Priority

DEFAULT = "default"
NO_MODEL = "no model is live"
LONGEST_REASON = 300  # as the decision keeps it
# How long a process may go on with the version it has read.
FRESH_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Policy:
    version: int | None
    threshold: float | None
    task_types: dict[str, float | None]
    priorities: dict[str, float | None]
    sample_share: float
    review_seconds: int
    risk_threshold: float | None = None
    risk_model_version: str = ""


class Ruling(NamedTuple):
    """What the policy says, with all that is kept of it in the decision."""

    route: str
    reason: str
    policy_version: int | None
    audit_probability: float
    review_seconds: int
    model_version: str = ""
    predicted_risk: float | None = None
    risk_reasons: Sequence[dict[str, Any]] | None = None
    recalibrated_confidence: float | None = None


# Without any version a person looks at everything.
NO_POLICY = Policy(None, 1.0, {}, dict.fromkeys(Priority.labels), 0.0, 24 * 3600)


def rule(
    policy: Policy,
    *,
    task_type: str,
    priority: int,
    confidence: float | None,
    draw: float,
    assessed: Assessment = UNASSESSED,
) -> Ruling:
    """The ruling for one decision; `draw` is uniform in [0, 1)."""
    applies = limits(policy, task_type, Priority(priority).label)
    is_doubtful, because = doubts(policy, applies, confidence, assessed)
    if is_doubtful:
        return ruling(policy, Route.PERSON, because, 1.0, assessed)
    share = policy.sample_share
    if draw < share:
        sampled = f"{because}, drawn for the audit sample"
        return ruling(policy, Route.SAMPLE, sampled, share, assessed)
    return ruling(policy, Route.AUTO, because, share, assessed)


Limit = tuple[float | None, str]


def limits(policy: Policy, task_type: str, priority: str) -> list[Limit]:
    """The thresholds of confidence that apply, and what each stands for; the first is the default, or in its place."""
    applies: list[Limit] = [(policy.threshold, DEFAULT)]
    if task_type in policy.task_types:
        # A threshold for the task type takes the default's place; priorities can only add to it.
        applies = [(policy.task_types[task_type], f"task type {task_type}")]
    if priority in policy.priorities:
        applies.append((policy.priorities[priority], f"priority {priority}"))
    return applies


def doubts(
    policy: Policy, applies: Sequence[Limit], stated: float | None, assessed: Assessment
) -> tuple[bool, str]:
    """Whether a person must look, and why or why not.

    With a budget the predicted risk stands in for the default threshold; what is set for a type or a priority holds.
    """
    budget = policy.risk_threshold
    if budget is None:
        return by_confidence(strictest(applies), stated, assessed)
    if assessed.risk is None:
        is_doubtful, because = by_confidence(strictest(applies), stated, assessed)
        return is_doubtful, f"{because}; by thresholds, as {assessed.missing or NO_MODEL}"
    named = [limit for limit in applies if limit[1] != DEFAULT]
    if named:
        is_doubtful, because = by_confidence(strictest(named), stated, assessed)
        if is_doubtful:
            return True, because
    return by_risk(budget, assessed.risk)


def by_risk(budget: float, risk: float) -> tuple[bool, str]:
    if risk >= budget:
        return True, f"risk {risk:.3g} reaches {budget:.3g}"
    return False, f"risk {risk:.3g} is below {budget:.3g}"


def by_confidence(limit: Limit, stated: float | None, assessed: Assessment) -> tuple[bool, str]:
    threshold, because = limit
    if threshold is None:
        return True, f"{because} always goes to a person"
    if stated is None:
        return True, "no confidence was stated"
    worth, said = stated, f"confidence {stated:.4g}"
    if assessed.confidence is not None:
        worth = assessed.confidence
        said += f", worth {worth:.4g} by past verdicts,"
    elif assessed.uncalibrated:
        said += f", as stated, as {assessed.uncalibrated},"
    if worth < threshold:
        return True, f"{said} is below {threshold:.4g} ({because})"
    return False, f"{said} reaches {threshold:.4g} ({because})"


def strictest(applies: Sequence[Limit]) -> Limit:
    """The highest threshold of these. None asks a person always."""
    return max(applies, key=lambda pair: 2.0 if pair[0] is None else pair[0])


def ruling(
    policy: Policy,
    route: str,
    reason: str,
    probability: float,
    assessed: Assessment = UNASSESSED,
) -> Ruling:
    return Ruling(
        route,
        reason[:LONGEST_REASON],
        policy.version,
        probability,
        policy.review_seconds,
        assessed.model_version,
        assessed.risk,
        list(assessed.reasons) or None,
        assessed.confidence,
    )


class ActivePolicy:
    """The active version, read anew when what this process has is older than a second."""

    def __init__(self) -> None:
        self.policy, self.read_at = NO_POLICY, float("-inf")

    def get(self) -> Policy:
        if time.monotonic() - self.read_at > FRESH_SECONDS:
            self.policy, self.read_at = read_active(), time.monotonic()
        return self.policy

    def forget(self) -> None:
        self.read_at = float("-inf")


def read_active() -> Policy:
    fields = tuple(Policy.__dataclass_fields__)
    row = ReviewPolicy.objects.filter(is_active=True).values_list(*fields).first()
    return Policy(*row) if row else NO_POLICY


active = ActivePolicy()


def rule_now(known: Known) -> Ruling:
    """The ruling of the active version on what the active models make of it, with a draw of its own."""
    return rule(
        active.get(),
        task_type=known.task_type,
        priority=known.priority,
        confidence=known.confidence,
        draw=random.random(),
        assessed=assess(known),
    )
