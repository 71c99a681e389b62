"""When a task is looked at again, and what happens then: pure functions of a row and the time."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

from decisions.models.task import Outcome
from decisions.states import State
from decisions.work import Work

JITTER = 0.1  # up to this share is taken off a backoff, so that what failed together does not return together
LARGEST_EXPONENT = (
    250  # above any number of retries that can be asked for, and below what a float cannot hold
)


class Next(Enum):
    WAIT = "It is not due yet."
    OFFER = "Its backoff has passed: an agent may have it."
    RETRY = "It goes back to the queue and uses up a retry."
    ESCALATE = "A person must look."
    RAISE = "Nobody acted on the escalation: the next level."


class Step(NamedTuple):
    kind: Next
    outcome: str  # how the open attempt ends by it, if one is open
    reason: str


def next_step(work: Work, now: datetime) -> Step:
    """What the timer of this row asks for."""
    if work.due_at is None or work.due_at > now:
        return Step(Next.WAIT, "", "")
    match work.state:
        case State.QUEUED:
            return Step(Next.OFFER, "", "")
        case State.ASSIGNED:
            return retry_or_escalate(work, Outcome.ACK_MISSED, "the agent did not confirm in time")
        case State.ACKED | State.IN_PROGRESS:
            return retry_or_escalate(
                work, Outcome.LEASE_LOST, "the agent was silent for longer than its lease"
            )
        case State.FAILED:
            return retry_or_escalate(work, "", failure_of(work))
        case State.COMPLETED:
            return Step(Next.ESCALATE, "", "nobody reviewed the result in time")
        case State.ESCALATED:
            return Step(Next.RAISE, "", "nobody acted on the escalation in time")
    return Step(Next.WAIT, "", "")


def retry_or_escalate(work: Work, outcome: str, reason: str) -> Step:
    if not is_retryable(work):
        return Step(Next.ESCALATE, outcome, f"{reason}; this error is not to be retried")
    if work.retry_count >= work.max_retries:
        return Step(Next.ESCALATE, outcome, f"{reason}; all {work.max_retries} retries are used up")
    return Step(Next.RETRY, outcome, reason)


def is_retryable(work: Work) -> bool:
    error = (work.attempt.error if work.attempt and work.state == State.FAILED else None) or {}
    return error.get("retryable", True) and error.get("type") not in work.non_retryable_errors


def failure_of(work: Work) -> str:
    error = (work.attempt.error if work.attempt else None) or {}
    return f"{error.get('type', 'failure')}: {error.get('message', '')}".strip(": ")


def backoff(work: Work) -> timedelta:
    """How long the next retry waits. The same for the same row, so that it can be derived again."""
    exponent = min(work.retry_count, LARGEST_EXPONENT)
    stated = min(work.backoff_initial * work.backoff_coefficient**exponent, work.backoff_maximum)
    share = ((work.id.int + work.retry_count * 7919) % 1009) / 1009
    return timedelta(seconds=stated * (1 - JITTER * share))


def failed_until(work: Work, now: datetime, error: dict[str, object]) -> datetime:
    """When a task that fails now is looked at: after its backoff, or at once when no retry is left for it."""
    final = not error.get("retryable", True) or error.get("type") in work.non_retryable_errors
    return now if final or work.retry_count >= work.max_retries else now + backoff(work)
