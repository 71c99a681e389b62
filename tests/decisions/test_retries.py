"""When a task is tried again, and when a person must look: the pure part."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentic.ids import new_id
from decisions.retries import Next, backoff, failed_until, next_step, retry_or_escalate
from decisions.work import LastAttempt, Work

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def attempt(**values: Any) -> LastAttempt:
    fields = {"id": uuid4(), "number": 1, "agent_id": uuid4(), "lease_token": uuid4(),
              "assigned_at": NOW, "lease_expires_at": NOW,
              "ended_at": None, "outcome": "", "error": None, "request_digest": ""}  # fmt: skip
    return LastAttempt(**{**fields, **values})


def work(state: str = "queued", *, task_id: UUID | None = None, **values: Any) -> Work:
    fields = {
        "id": task_id or new_id(), "state": state, "version": 1, "task_type": "default", "priority": 1,
        "retry_count": 0, "max_retries": 3, "attempt_count": 1, "ack_timeout": 30, "lease_seconds": 30,
        "backoff_initial": 1.0, "backoff_coefficient": 2.0, "backoff_maximum": 100.0, "non_retryable_errors": [],
        "required_capabilities": [], "excluded_agents": [], "due_at": NOW,
        "assigned_agent_id": None, "target_agent_id": None, "parent_id": None,
        "depth": 0, "created_by_id": None, "result": None, "parent_state": None, "stopped": False, "now": NOW,
        "attempt": attempt(),
    }  # fmt: skip
    return Work(**{**fields, **values})


@pytest.mark.parametrize(
    ("state", "kind", "outcome"),
    [
        ("queued", Next.OFFER, ""),
        ("assigned", Next.RETRY, "ack_missed"),
        ("acked", Next.RETRY, "lease_lost"),
        ("in_progress", Next.RETRY, "lease_lost"),
        ("failed", Next.RETRY, ""),
        ("completed", Next.ESCALATE, ""),
        ("escalated", Next.RAISE, ""),
        ("verified", Next.WAIT, ""),
        ("cancelled", Next.WAIT, ""),
    ],
)
def test_it_does_what_each_state_asks_for(state: str, kind: Next, outcome: str) -> None:
    step = next_step(work(state), NOW)
    assert (step.kind, step.outcome) == (kind, outcome)


@pytest.mark.parametrize("due_at", [None, NOW + timedelta(microseconds=1), NOW + timedelta(days=1)])
def test_it_waits_until_it_is_due(due_at: datetime | None) -> None:
    assert next_step(work("assigned", due_at=due_at), NOW).kind == Next.WAIT


@pytest.mark.parametrize("retries", range(6))
def test_it_is_retried_exactly_so_often(retries: int) -> None:
    kinds = [
        retry_or_escalate(work("in_progress", retry_count=used, max_retries=retries), "", "x").kind
        for used in range(retries + 1)
    ]
    assert kinds == [Next.RETRY] * retries + [Next.ESCALATE]


@pytest.mark.parametrize("count", range(12))
def test_its_backoff_is_as_stated_less_a_tenth_at_most(count: int) -> None:
    stated = min(0.5 * 3**count, 60)
    waits = [
        backoff(
            work(retry_count=count, backoff_initial=0.5, backoff_coefficient=3, backoff_maximum=60)
        )
        for _ in range(200)
    ]
    assert all(0.9 * stated <= wait.total_seconds() <= stated for wait in waits)
    assert len(set(waits)) > 100


@given(
    st.integers(0, 10_000),
    st.floats(0.001, 3600),
    st.floats(1, 10),
    st.floats(0.001, 86_400),
)
def test_its_backoff_never_breaks_and_never_exceeds_its_cap(
    count: int, initial: float, coefficient: float, maximum: float
) -> None:
    row = work(
        retry_count=count,
        backoff_initial=initial,
        backoff_coefficient=coefficient,
        backoff_maximum=maximum,
    )
    assert 0 < backoff(row).total_seconds() <= maximum + 1e-6


def test_a_slow_growth_goes_on_for_as_long_as_there_are_retries() -> None:
    row = work(retry_count=100, backoff_coefficient=1.01)
    assert 0.9 * 1.01**100 <= backoff(row).total_seconds() <= 1.01**100


def test_its_backoff_is_the_same_for_the_same_row() -> None:
    row = work(retry_count=2)
    assert backoff(row) == backoff(row)
    assert backoff(row) == backoff(work(retry_count=2, task_id=row.id))


@pytest.mark.parametrize(
    ("error", "wanted"),
    [
        ({"type": "OSError"}, Next.RETRY),
        ({"type": "ValueError"}, Next.ESCALATE),
        ({"type": "OSError", "retryable": False}, Next.ESCALATE),
        ({}, Next.RETRY),
        (None, Next.RETRY),
    ],
)
def test_an_error_that_is_not_to_be_retried_goes_to_a_person(
    error: dict[str, Any] | None, wanted: Next
) -> None:
    row = work("failed", attempt=attempt(error=error), non_retryable_errors=["ValueError"])
    assert next_step(row, NOW).kind == wanted


def test_the_error_of_a_failed_attempt_says_nothing_of_the_next_one() -> None:
    row = work(
        "in_progress",
        attempt=attempt(error={"type": "ValueError"}),
        non_retryable_errors=["ValueError"],
    )
    assert next_step(row, NOW).kind == Next.RETRY


def test_a_failure_waits_for_its_backoff_only_while_retries_are_left() -> None:
    assert failed_until(work("in_progress"), NOW, {}) > NOW
    assert failed_until(work("in_progress", retry_count=3), NOW, {}) == NOW
    assert failed_until(work("in_progress"), NOW, {"retryable": False}) == NOW
    assert failed_until(work("in_progress", non_retryable_errors=["E"]), NOW, {"type": "E"}) == NOW


def test_it_says_why() -> None:
    assert "all 3 retries are used up" in next_step(work("acked", retry_count=3), NOW).reason
    failed = work("failed", attempt=attempt(error={"type": "OSError", "message": "disk full"}))
    assert next_step(failed, NOW).reason == "OSError: disk full"
