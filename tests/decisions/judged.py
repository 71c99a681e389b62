"""Decisions that people judged, by the hundred: as rows of the database, or as arrays without one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy

from agentic.models import User
from agents.models import Agent
from decisions.learning.examples import MICROSECONDS, Examples, Rows, examples_of
from decisions.models import Decision, Feedback, Review, Task
from decisions.states import DecisionStatus

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)  # a Monday
LIMITS = {"max_retries": 3, "ack_timeout": 30, "lease_seconds": 30}
STATUS = {"approve": DecisionStatus.APPROVED, "reject": DecisionStatus.REJECTED}


def judge(
    agent: Agent, reviewer: User, *, minute: float = 0, said_after: float = 1, **more: Any
) -> Decision:
    """One decision that was made so many minutes after the beginning, and judged so many later."""
    verdict = more.pop("verdict", "approve")
    about = {name: more.pop(name) for name in ("task_type", "priority") if name in more}
    made_at = BEGAN + timedelta(minutes=minute)
    said_at = made_at + timedelta(minutes=said_after)
    task = Task.objects.create(
        title="read", state="cancelled", created_at=made_at, **LIMITS, **about
    )
    values = {
        "confidence": 0.8,
        "proposal": {"label": 7},
        "route": "person",
        "audit_probability": 1.0,
    }
    decision = Decision.objects.create(
        task=task,
        agent=agent,
        decision_type="result",
        digest=task.pk.hex,
        status=STATUS[verdict],
        created_at=made_at,
        decided_at=said_at,
        **(values | more),
    )
    code = "wrong" if verdict == "reject" else ""
    Review.objects.create(
        task=task,
        decision=decision,
        reviewer=reviewer,
        verdict=verdict,
        reason_code=code,
        created_at=said_at,
    )
    return decision


def feedback_on(decision: Decision) -> Feedback:
    return Feedback.objects.create(
        task=decision.task,
        decision=decision,
        agent=decision.agent,
        feedback_type="human_correction",
    )


def invented(n: int, seed: int = 1, *, sampled: float = 1.0) -> tuple[Examples, Any]:
    """Synthetic examples of three agents, one of them far too sure of itself, and the true risks of those shown.

    With `sampled` below 1, only what is doubtful by the stated confidence is always seen.
    """
    chance = numpy.random.default_rng(seed)
    agent = chance.integers(0, 3, n)
    strength = numpy.array([3.0, 2.2, 0.9])[agent] + chance.normal(0, 1.2, n)
    right = 1 / (1 + numpy.exp(-strength))
    confidence = numpy.clip(numpy.where(agent == 2, right**0.25, right), 0.01, 0.999)
    wrong = chance.random(n) > right
    at = numpy.sort(BEGAN.timestamp() + chance.random(n) * 30 * 86_400) * MICROSECONDS
    said_at = at + chance.exponential(600, n) * MICROSECONDS
    seen = numpy.where(confidence < 0.9, 1.0, sampled)
    rows = Rows(
        numpy.array(["careful", "fair", "wild"], object)[agent],
        numpy.array(["digits", "letters"], object)[chance.integers(0, 2, n)],
        chance.integers(0, 4, n),
        confidence,
        numpy.full(n, numpy.nan),
        chance.integers(1, 3, n).astype(float),
        chance.integers(10, 500, n).astype(float),
        at.astype(numpy.int64),
    )
    drawn = chance.random(n) < seen
    columns = (said_at.astype(numpy.int64), wrong, 1 / seen)
    shown = examples_of(rows.chosen(drawn), *(column[drawn] for column in columns))
    return shown, 1 - right[drawn]
