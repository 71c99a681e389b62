"""The models that decide are trained anew after so many verdicts. What comes of it goes live only by people."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import IntegrityError

from agentic.actors import Actor, system
from decisions.models import Review
from mlregistry.models import JobStatus, TrainingJob, Trigger
from mlregistry.services.training import request_training_job

OPEN = (JobStatus.PENDING, JobStatus.RUNNING)
logger = logging.getLogger(__name__)


def request_what_is_due(*, actor: Actor | None = None) -> list[TrainingJob]:
    """The jobs that it is time for, asked for."""
    if not settings.LEARN_EVERY_VERDICTS:
        return []
    due = [name for name in settings.DECIDING_MODELS if is_due(name)]
    asked = [request_unless_asked(name, actor or system()) for name in due]
    return [job for job in asked if job]


def is_due(name: str) -> bool:
    """Whether verdicts are enough since the last job of this kind, however that one ended: what failed fails again."""
    last = TrainingJob.objects.filter(model_name=name, trigger=Trigger.VERDICTS).order_by("-id")
    job = last.only("status", "created_at").first()
    if name not in settings.TRAINERS or (job and job.status in OPEN):
        return False
    verdicts = Review.objects.filter(decision__isnull=False)
    if job:
        verdicts = verdicts.filter(created_at__gt=job.created_at)
    most: int = settings.LEARN_EVERY_VERDICTS
    return len(verdicts.order_by("created_at").values_list("pk")[:most]) == most


def request_unless_asked(name: str, actor: Actor) -> TrainingJob | None:
    """Of several that ask at once one does, by the database."""
    try:
        return request_training_job(actor=actor, model_name=name, trigger=Trigger.VERDICTS)
    except IntegrityError:
        logger.info("a training of %s was asked for in this moment", name)
        return None
