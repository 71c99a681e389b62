"""Training jobs as their pages show them."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from agentic.errors import NotFound
from mlregistry.models import RegisteredModel, TrainingJob

PAGE = 50
HEAVY = ("config", "feedback_ids", "log")


def jobs(*, status: str, before: UUID | None) -> QuerySet[TrainingJob]:
    """The newest first; one more than a page when there are more."""
    found = TrainingJob.objects.order_by("-id").defer(*HEAVY)
    if status:
        found = found.filter(status=status)
    if before:
        found = found.filter(pk__lt=before)
    return found.select_related("agent", "created_by")[: PAGE + 1]


def read_job(job_id: UUID) -> TrainingJob:
    found = TrainingJob.objects.select_related("agent", "created_by").filter(pk=job_id).first()
    if found is None:
        raise NotFound("There is no such training job.")
    return found


def made_by(job: TrainingJob) -> list[RegisteredModel]:
    return list(RegisteredModel.objects.filter(training_job=job).order_by("-id")[:PAGE])
