"""Reading the registry of models."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from agentic.errors import NotFound
from mlregistry.models import (
    Activation,
    ActivationRequest,
    RegisteredModel,
    RequestStatus,
    TrainingJob,
)

MOST_MADE = 50


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


def live_at(at: datetime, *, name: str = "", after: str = "", limit: int = 1) -> list[Activation]:
    """What was live at that moment, by name: of one name, or of all that come after a name."""
    begun = Activation.objects.filter(activated_at__lte=at).exclude(ended_at__lte=at)
    wanted = begun.filter(name=name) if name else begun.filter(name__gt=after)
    people = ("requested_by", "approved_by")
    return list(wanted.select_related("model", *people).order_by("name", "-number")[:limit])


def read_request(request_id: UUID) -> ActivationRequest:
    try:
        return ActivationRequest.objects.select_related("model").get(pk=request_id)
    except ActivationRequest.DoesNotExist as error:
        raise NotFound("There is no such request.") from error


def open_request(name: str) -> ActivationRequest | None:
    """The one that waits for a second person; there is one of each name at most."""
    waiting = ActivationRequest.objects.filter(name=name, status=RequestStatus.OPEN)
    return waiting.select_related("model", "requested_by").first()


def is_overtaken(request: ActivationRequest, live: RegisteredModel | None) -> bool:
    """Whether it is no longer live what was when the request was made: then it can only be refused."""
    seen: str | None = request.gate.get("live")
    return (str(live.pk) if live else None) != seen


def list_requests(
    *, status: str, name: str, before: UUID | None, limit: int
) -> list[ActivationRequest]:
    """Up to `limit` requests, the newest first."""
    asked = {"status": status, "name": name, "pk__lt": before}
    wanted = {column: value for column, value in asked.items() if value}
    rows = ActivationRequest.objects.filter(**wanted).order_by("-id")
    return list(rows.select_related("model")[:limit])


def read_job(job_id: UUID) -> TrainingJob:
    try:
        return TrainingJob.objects.get(pk=job_id)
    except TrainingJob.DoesNotExist as error:
        raise NotFound("There is no such training job.") from error


def made_by(job_id: UUID) -> list[UUID]:
    """The versions that a job made, or that were entered as made by it; the newest first."""
    made = RegisteredModel.objects.filter(training_job=job_id).order_by("-id")
    return list(made.values_list("pk", flat=True)[:MOST_MADE])


def list_jobs(*, status: str, before: UUID | None, limit: int) -> list[TrainingJob]:
    """Up to `limit` jobs, the newest first."""
    jobs = TrainingJob.objects.order_by("-id")
    if status:
        jobs = jobs.filter(status=status)
    if before:
        jobs = jobs.filter(pk__lt=before)
    return list(jobs[:limit])
