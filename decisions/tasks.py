"""Celery's doors."""

from __future__ import annotations

from celery import shared_task

from decisions.auditor import audit
from decisions.sweep import MOST_PER_TICK, escalate_unclaimed
from decisions.sweep import sweep as run_sweep


@shared_task
def sweep() -> None:
    """One tick; hands on at once when there is more."""
    if run_sweep() >= MOST_PER_TICK:
        sweep.delay()


@shared_task
def audit_deadlines() -> None:
    escalate_unclaimed()
    audit()
