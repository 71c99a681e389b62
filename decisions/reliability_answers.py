"""What the API answers about how far an agent's confidence can be relied on, by name and type."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from agentic.answers import Answer, Count, Share


class Score(Answer):
    """With its 95 % bootstrap interval."""

    value: Share
    low: Share
    high: Share


class Calibration(Answer):
    """Of `n` decisions, worth `effective_n` of one weight. `ece` is the expected calibration error in ten bins.

    `calibration_error` is the root of the mean square, less what chance adds; `brier` the Brier score.
    """

    ece: Score
    calibration_error: Score
    brier: Score
    n: Count
    effective_n: float


class ReliabilityBin(Answer):
    """Decisions with a confidence from `low` to `high`; null without any. `interval` is of `right`, 95 %."""

    low: Share
    high: Share
    confidence: Share | None
    right: Share | None
    interval: list[Share]
    n: Count


class Recalibration(Answer):
    """The same decisions, as they were stated and by what that was worth when they were made."""

    stated: Calibration
    recalibrated: Calibration
    bins: list[ReliabilityBin]


class CalibrationBasis(Answer):
    """What its confidence is worth rests on `n` verdicts: on this agent, or pooled. Without any, `missing` says why."""

    version: str
    basis: Literal["agent", "pooled", ""]
    n: Count
    missing: str


class AgentCalibration(Answer):
    """Of the newest decisions that people judged, by what each stands for; an empty `task_type` means all."""

    agent_id: UUID
    task_type: str
    judged: Count
    unstated: Count
    drawn: Count
    stated: Calibration | None
    bins: list[ReliabilityBin]
    recalibration: Recalibration | None
    basis: CalibrationBasis
