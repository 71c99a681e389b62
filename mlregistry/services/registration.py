"""A version of a model comes into the registry."""

from __future__ import annotations

import io
from collections.abc import Mapping
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError, models, transaction

from agentic import audits
from agentic.actors import Actor
from agentic.clock import database_now
from agentic.errors import DomainError, Invalid
from agentic.transitions import record
from agentic.vocabulary import AuditAction, EntityType, EventType
from agents.models import Agent
from mlregistry import artifacts
from mlregistry.formats import WrongFormat, format_of
from mlregistry.gates import is_deciding
from mlregistry.labels import refuse_odd_label
from mlregistry.models import RegisteredModel, TrainingJob
from mlregistry.selectors import live_version
from mlregistry.services.activation import (
    NeedsSecondPerson,
    OtherWentLive,
    event_of,
    go_live,
    note,
    told,
    wait_for_turn,
)
from mlregistry.trainers import Trained, TrainingFailed


class VersionTaken(DomainError):
    """This model has such a version already."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__(errors={"version": [type(self).__doc__]})


def register_model(
    *,
    actor: Actor,
    name: str,
    version: str,
    agent_id: UUID | None = None,
    training_job_id: UUID | None = None,
    metrics: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    signature: Mapping[str, Any] | None = None,
    card: Mapping[str, Any] | None = None,
    artifact_path: str = "",
    is_active: bool = False,
) -> RegisteredModel:
    """Enter a version; with `is_active` it goes live at once, in place of the one that was.

    Not so where decisions rest on models of the name: that takes a request and a second person. Invalid names the
    field that is wrong; VersionTaken and OtherWentLive say who was first.
    """
    if is_active and is_deciding(name):
        raise Invalid(is_active=NeedsSecondPerson().detail)
    refuse_odd_label(artifact_path)
    refuse_missing(Agent, agent_id=agent_id)
    refuse_missing(TrainingJob, training_job_id=training_job_id)
    model = RegisteredModel(
        name=name,
        version=version,
        agent_id=agent_id,
        training_job_id=training_job_id,
        metrics=dict(metrics or {}),
        parameters=dict(parameters or {}),
        signature=dict(signature or {}),
        card=dict(card or {}),
        artifact_path=artifact_path,
        created_by_id=actor.user_id,
    )
    try:
        enter(model, actor, live=is_active)
    except IntegrityError as error:
        if RegisteredModel.objects.filter(name=name, version=version).exists():
            raise VersionTaken from error
        raise OtherWentLive(live_version(name)) from error
    return model


def register_trained(*, job: TrainingJob, trained: Trained, actor: Actor) -> RegisteredModel:
    """The version that a job made, with its file, named by the day and a number; in a transaction of the caller's.

    TrainingFailed where that file is none that is kept.
    """
    refuse_odd_file(trained)
    stored = artifacts.store(trained.artifact)
    model = RegisteredModel(
        name=job.model_name,
        agent_id=job.agent_id,
        training_job=job,
        metrics=plain(trained.metrics),
        parameters=plain(trained.parameters),
        signature=plain(trained.signature),
        card=plain(trained.card),
        data_set_digest=trained.data_set_digest,
        format=trained.format,
        sha256=stored.sha256,
        size=stored.size,
        created_by_id=job.created_by_id,
    )
    enter_numbered(model, actor)
    return model


def refuse_odd_file(trained: Trained) -> None:
    """What a trainer wrote is looked at like what people bring: others fetch it, and may load it."""
    size = len(trained.artifact)
    if not 0 < size <= settings.MODEL_MOST_BYTES:
        most = f"{settings.MODEL_MOST_BYTES:,}"
        raise TrainingFailed(f"The trainer's file has {size:,} bytes; it may have 1 to {most}.")
    try:
        found = format_of(io.BytesIO(trained.artifact), size)
    except WrongFormat as error:
        raise TrainingFailed(f"The trainer's file cannot be kept. {error}") from error
    if found != trained.format:
        told = trained.format
        raise TrainingFailed(f"The trainer calls its file {told}, but it is {found}.")


def enter_numbered(model: RegisteredModel, actor: Actor) -> None:
    """`2026-11-22.1` is the first of its day; who comes at the same moment takes the next one."""
    day = f"{database_now():%Y-%m-%d}"
    for number in count(1 + len(numbers_of(model.name, day))):
        model.version = f"{day}.{number}"
        try:
            enter(model, actor, live=False)
        except IntegrityError:
            if model.version not in numbers_of(model.name, day):
                raise
        else:
            return


def numbers_of(name: str, day: str) -> list[str]:
    found = RegisteredModel.objects.filter(name=name, version__startswith=f"{day}.")
    return list(found.values_list("version", flat=True))


def plain(said: Mapping[str, Any]) -> dict[str, Any]:
    """As a database and every reader can keep it: what is no number becomes null."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(said))
    return found


@transaction.atomic
def enter(model: RegisteredModel, actor: Actor, *, live: bool) -> None:
    model.save(force_insert=True)
    agent = model.agent_id and str(model.agent_id)
    story = {**told(model), "agent_id": agent, "sha256": model.sha256}
    record(event_of(model, EventType.MODEL_REGISTERED, story), actor=actor)
    before = None
    if live:
        before = wait_for_turn(model.name)
        go_live(model, before, actor)
    about: dict[str, Any] = {"entity_type": EntityType.MODEL, "entity_id": model.pk}
    audits.record(AuditAction.MODEL_REGISTERED, actor=actor, after=story, **about)
    if live:
        note(AuditAction.MODEL_ACTIVATED, model, before, actor)


def refuse_missing(model: type[models.Model], **reference: UUID | None) -> None:
    ((field, pk),) = reference.items()
    if pk and not model._default_manager.filter(pk=pk).exists():
        raise Invalid(**{field: f"there is no such {model._meta.verbose_name}"})
