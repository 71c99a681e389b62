"""What the tests of training jobs ask for, and look at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from agentic.actors import Actor, system
from agentic.clock import Now
from agentic.models import Event
from decisions.folding import JOB_STATES, difference
from mlregistry.models import RegisteredModel, TrainingJob
from mlregistry.services.training import request_training_job

OWN = "tests.mlregistry.own_trainer"
TRAINERS = {"own": f"{OWN}.train", "empty": f"{OWN}.train_nothing", "gone": f"{OWN}.no_such"}


def asked(
    actor: Actor | None = None, *, seed: int = 0, trainer: str = "own", **config: Any
) -> TrainingJob:
    """A job for our own trainer, which does as its config says."""
    said: dict[str, Any] = {"trainer": trainer, "config": config, "seed": seed}
    return request_training_job(actor=actor or system(), model_name="numbers", **said)


def anew(job: TrainingJob) -> TrainingJob:
    return TrainingJob.objects.get(pk=job.pk)


def told(job: TrainingJob) -> list[str]:
    """What happened to it, without how far it was."""
    events = Event.objects.filter(entity_type="training_job", entity_id=job.pk).order_by("version")
    kinds = events.values_list("event_type", flat=True)
    return [kind.removeprefix("training.") for kind in kinds if not kind.endswith("progressed")]


def fault(job: TrainingJob) -> str:
    """How the row differs from its events; empty when it does not."""
    events = Event.objects.filter(entity_type="training_job", entity_id=job.pk).order_by("version")
    story = list(events.values_list("entity_id", "version", "event_type"))
    row = anew(job)
    return difference(story, row.status, row.version, JOB_STATES)


def made(job: TrainingJob) -> list[RegisteredModel]:
    return list(RegisteredModel.objects.filter(training_job=job))


def fall_silent(job: TrainingJob) -> None:
    """As if its worker had been killed, and its lease had run out a second ago."""
    TrainingJob.objects.filter(pk=job.pk).update(lease_expires_at=Now() - timedelta(seconds=1))
