"""Celery's doors."""

from __future__ import annotations

from celery import shared_task

from agentic import clean_up as cleaning


@shared_task
def clean_up() -> None:
    """Hands on at once when there is more."""
    if cleaning.clean_up() >= cleaning.BATCH * cleaning.MOST_BATCHES:
        clean_up.delay()
