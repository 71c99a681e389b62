"""Whether a draft of the review policy can be published: what it would do was looked at, as things are now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from agentic.clock import database_now
from agentic.errors import Conflict
from decisions.learning import predictor, recalibration
from decisions.models import PolicyDraft
from decisions.models.policy import DraftState
from decisions.policy import read_active

DAYS = 7
AGAIN = "simulate it again"
NOT_SIMULATED = "It was not simulated since it was last changed."
TOO_OLD = f"It was simulated more than {DAYS} days ago: {AGAIN}."
NO_MODEL = "No version of the risk model is live: a budget has no risk to go by."
OTHER_MODEL = f"Another version of the risk model is live by now: {AGAIN}."
OTHER_CALIBRATION = f"By another calibration confidences are worth something else by now: {AGAIN}."
OTHER_POLICY = f"Another version of the policy is active by now: {AGAIN}."


class Situation(NamedTuple):
    """What a simulation rests on, besides past decisions."""

    at: datetime
    active_version: int | None
    model_version: str
    calibration_version: str


def situation() -> Situation:
    return Situation(database_now(), read_active().version, risk_model_live(), calibration_live())


def check_open(draft: PolicyDraft) -> None:
    if draft.state != DraftState.OPEN:
        raise Conflict(draft.state, (), f"The draft was {draft.state} already.")


def check_ready(draft: PolicyDraft, now: Situation) -> None:
    check_open(draft)
    if why := unready(draft, now):
        raise Conflict(draft.state, (), why)


def unready(draft: PolicyDraft, now: Situation) -> str:
    """Why an open draft cannot be published; empty where it can."""
    if draft.simulation is None or draft.simulated_at is None:
        return NOT_SIMULATED
    if problem := draft.simulation["problem"]:
        return f"No threshold was found: {problem}."
    if draft.rules["budget"] and not now.model_version:
        return NO_MODEL
    if now.at - draft.simulated_at > timedelta(days=DAYS):
        return TOO_OLD
    return changed_since(draft.simulation, now, by_risk=bool(draft.rules["budget"]))


def changed_since(simulation: dict[str, Any], now: Situation, *, by_risk: bool) -> str:
    """Simulations of before it was kept say nothing of the policy and the calibration."""
    if by_risk and simulation["model_version"] != now.model_version:
        return OTHER_MODEL
    if simulation.get("calibration_version") != now.calibration_version:
        return OTHER_CALIBRATION
    if simulation.get("active_version") != now.active_version:
        return OTHER_POLICY
    return ""


def risk_model_live() -> str:
    loaded = predictor.live.get()
    return loaded.version if loaded else ""


def calibration_live() -> str:
    loaded = recalibration.live.get()
    return loaded.version if loaded else ""
