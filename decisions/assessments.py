"""What is known of a decision before anybody has looked at it, and what the learned models make of that."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


class Known(NamedTuple):
    """All that a ruling may rest on. `attempt` counts the task's from 1; `size` is the proposal's, in bytes of JSON."""

    agent_id: UUID
    task_type: str
    priority: int
    confidence: float | None
    attempt: int
    size: int
    at: datetime


class Assessment(NamedTuple):
    """`confidence` is what the stated one is worth by past verdicts, of the `basis` agent or pooled.

    Where a calibration is live and cannot be used, `uncalibrated` says why.

    `risk` is the probability that a person would correct the decision, by `model_version`; without a risk, `missing`
    says why. `reasons` are the strongest first, each as `{"feature": ..., "says": ..., "weight": ...}`.
    """

    confidence: float | None = None
    basis: str = ""
    risk: float | None = None
    reasons: Sequence[dict[str, Any]] = ()
    model_version: str = ""
    missing: str = ""
    uncalibrated: str = ""


UNASSESSED = Assessment()
