"""Training jobs as their pages show them."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import QuerySet

from agentic.errors import NotFound
from agents.models import Agent
from mlregistry.models import RegisteredModel, TrainingJob

PAGE = 50
MOST_CHOICES = 500
HEAVY = ("config", "feedback_ids", "log", "metrics")


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


class Choices(NamedTuple):
    """What a job may be asked for: names to choose from, of which only those of trainers have to be known."""

    names: list[str]
    trainers: list[str]
    agents: list[Agent]


def choices() -> Choices:
    models = RegisteredModel.objects.order_by("name").values_list("name", flat=True).distinct()
    trainers = sorted(settings.TRAINERS)
    names = sorted({*trainers, *models[:MOST_CHOICES]})
    return Choices(names, trainers, list(Agent.objects.order_by("name")[:MOST_CHOICES]))
