"""Celery's doors."""

from __future__ import annotations

from celery import shared_task

from oversight.notifications.sending import notify as run_notify


@shared_task
def notify() -> None:
    """One tick; hands on at once when there is more."""
    if run_notify():
        notify.delay()
