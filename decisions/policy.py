"""Auto or person: the review policy, as a pure function of a version and a decision."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from typing import NamedTuple

from decisions.models import ReviewPolicy
from decisions.models.decision import Route
from decisions.models.task import Priority

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


class Ruling(NamedTuple):
    """What the policy says, with all that is kept of it in the decision."""

    route: str
    reason: str
    policy_version: int | None
    audit_probability: float
    review_seconds: int


# Without any version a person looks at everything.
NO_POLICY = Policy(None, 1.0, {}, dict.fromkeys(Priority.labels), 0.0, 24 * 3600)


def rule(
    policy: Policy, *, task_type: str, priority: int, confidence: float | None, draw: float
) -> Ruling:
    """The ruling for one decision; `draw` is uniform in [0, 1)."""
    share = policy.sample_share
    threshold, because = strictest(policy, task_type, Priority(priority).label)
    if threshold is None:
        return ruling(policy, Route.PERSON, f"{because} always goes to a person", 1.0)
    if confidence is None:
        return ruling(policy, Route.PERSON, "no confidence was stated", 1.0)
    if confidence < threshold:
        return ruling(
            policy,
            Route.PERSON,
            f"confidence {confidence:.4g} is below {threshold:.4g} ({because})",
            1.0,
        )
    passed = f"confidence {confidence:.4g} reaches {threshold:.4g} ({because})"
    if draw < share:
        return ruling(policy, Route.SAMPLE, f"{passed}, drawn for the audit sample", share)
    return ruling(policy, Route.AUTO, passed, share)


def strictest(policy: Policy, task_type: str, priority: str) -> tuple[float | None, str]:
    """The highest threshold that applies, and what it stands for. None asks a person always."""
    applies: list[tuple[float | None, str]] = [(policy.threshold, "default")]
    if task_type in policy.task_types:
        # A threshold for the task type takes the default's place; priorities can only add to it.
        applies = [(policy.task_types[task_type], f"task type {task_type}")]
    if priority in policy.priorities:
        applies.append((policy.priorities[priority], f"priority {priority}"))
    return max(applies, key=lambda pair: 2.0 if pair[0] is None else pair[0])


def ruling(policy: Policy, route: str, reason: str, probability: float) -> Ruling:
    return Ruling(route, reason, policy.version, probability, policy.review_seconds)


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


def rule_now(*, task_type: str, priority: int, confidence: float | None) -> Ruling:
    """The ruling of the active version, with a draw of its own."""
    return rule(
        active.get(),
        task_type=task_type,
        priority=priority,
        confidence=confidence,
        draw=random.random(),
    )
