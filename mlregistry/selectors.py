"""Reading the registry of models."""

from __future__ import annotations

from uuid import UUID

from agentic.errors import NotFound
from mlregistry.models import Activation, RegisteredModel, TrainingJob


def read_model(model_id: UUID) -> RegisteredModel:
    try:
        return RegisteredModel.objects.get(pk=model_id)
    except RegisteredModel.DoesNotExist as error:
        raise NotFound("There is no such model.") from error


def list_models(
    *, agent_id: UUID | None, active_only: bool, before: UUID | None, limit: int
) -> list[RegisteredModel]:
    """Up to `limit` versions, the newest first; ids sort by the time they were made."""
    models = RegisteredModel.objects.order_by("-id")
    if agent_id:
        models = models.filter(agent=agent_id)
    if active_only:
        models = models.filter(is_active=True)
    if before:
        models = models.filter(pk__lt=before)
    return list(models[:limit])


def live_version(name: str) -> RegisteredModel | None:
    return RegisteredModel.objects.filter(name=name, is_active=True).first()


def live_since(name: str) -> Activation | None:
    """Which version of the name is live, and since when."""
    open_ended = Activation.objects.filter(name=name, ended_at=None)
    return open_ended.select_related("model", "restores").first()


def live_before(activation: Activation) -> Activation | None:
    """What was live before this one; of a roll-back, before the time that it went back to."""
    began = activation.restores or activation
    earlier = Activation.objects.filter(name=began.name, number__lt=began.number)
    found = earlier.select_related("model", "restores").order_by("-number").first()
    return found and (found.restores or found)


def list_jobs(*, status: str, before: UUID | None, limit: int) -> list[TrainingJob]:
    """Up to `limit` jobs, the newest first."""
    jobs = TrainingJob.objects.order_by("-id")
    if status:
        jobs = jobs.filter(status=status)
    if before:
        jobs = jobs.filter(pk__lt=before)
    return list(jobs[:limit])
