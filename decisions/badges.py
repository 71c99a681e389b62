"""States with their colours, for the admin site and the pages. The word stands beside each of them."""

from __future__ import annotations

from agentic.admin_parts import Tone, badge
from decisions.models.task import Outcome, Priority
from decisions.states import DecisionStatus, State

TONES: dict[str, Tone] = {
    State.QUEUED: "quiet",
    State.ASSIGNED: "busy",
    State.ACKED: "busy",
    State.IN_PROGRESS: "busy",
    State.COMPLETED: "warn",
    State.FAILED: "bad",
    State.ESCALATED: "bad",
    State.VERIFIED: "good",
    State.CANCELLED: "quiet",
}
STATUS_TONES: dict[str, Tone] = {
    DecisionStatus.PENDING: "warn",
    DecisionStatus.AUTO_APPROVED: "good",
    DecisionStatus.APPROVED: "good",
    DecisionStatus.EDITED: "good",
    DecisionStatus.REJECTED: "bad",
    DecisionStatus.OVERRIDDEN: "bad",
}
OUTCOME_TONES: dict[str, Tone] = {
    Outcome.COMPLETED: "good",
    Outcome.FAILED: "bad",
    Outcome.ACK_MISSED: "bad",
    Outcome.LEASE_LOST: "bad",
    Outcome.AGENT_OFFLINE: "bad",
    Outcome.STOPPED: "warn",
}
PRIORITY_TONES: dict[int, Tone] = {Priority.CRITICAL: "bad", Priority.HIGH: "warn"}


def state_badge(state: str) -> str:
    return badge(state, TONES[state], State(state).label)


def status_badge(status: str) -> str:
    return badge(status, STATUS_TONES.get(status, "quiet"), DecisionStatus(status).label)


def outcome_badge(outcome: str) -> str:
    if not outcome:
        return badge("open", "busy")
    return badge(outcome, OUTCOME_TONES.get(outcome, "quiet"), Outcome(outcome).label)


def priority_badge(priority: int) -> str:
    return badge(Priority(priority).label, PRIORITY_TONES.get(priority, "quiet"))
