"""Celery's doors."""

from __future__ import annotations

from celery import shared_task

from agentic.clean_up import BATCH, MOST_BATCHES
from oversight.notifications import clearing
from oversight.notifications.sending import notify as run_notify


@shared_task
def notify() -> None:
    """One tick; hands on at once when there is more."""
    if run_notify():
        notify.delay()


@shared_task
def clear_notices() -> None:
    """Hands on at once when there is more."""
    if clearing.clear_notices() >= BATCH * MOST_BATCHES:
        clear_notices.delay()
