"""Celery's doors."""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from mlregistry.apart import run_in_turn
from mlregistry.sending import send
from mlregistry.services.looking_after import look_after_jobs


@shared_task
def train(job_id: str) -> None:
    run_in_turn(UUID(job_id))


@shared_task
def look_after_training() -> None:
    look_after_jobs(send=send)
