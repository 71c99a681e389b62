"""A version of a model comes into the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, models, transaction

from agentic import audits
from agentic.actors import Actor
from agentic.errors import DomainError, Invalid
from agentic.transitions import record
from agentic.vocabulary import AuditAction, EntityType, EventType
from agents.models import Agent
from mlregistry.labels import refuse_odd_label
from mlregistry.models import RegisteredModel, TrainingJob
from mlregistry.selectors import live_version
from mlregistry.services.activation import (
    OtherWentLive,
    event_of,
    go_live,
    note,
    told,
    wait_for_turn,
)


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
    agent_id: UUID,
    training_job_id: UUID | None = None,
    metrics: Mapping[str, Any] | None = None,
    artifact_path: str = "",
    is_active: bool = False,
) -> RegisteredModel:
    """Enter a version; with `is_active` it goes live at once, in place of the one that was.

    Invalid names the field that is wrong; VersionTaken and OtherWentLive say who was first.
    """
    refuse_odd_label(artifact_path)
    refuse_missing(Agent, agent_id=agent_id)
    refuse_missing(TrainingJob, training_job_id=training_job_id)
    model = RegisteredModel(
        name=name,
        version=version,
        agent_id=agent_id,
        training_job_id=training_job_id,
        metrics=dict(metrics or {}),
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


@transaction.atomic
def enter(model: RegisteredModel, actor: Actor, *, live: bool) -> None:
    model.save(force_insert=True)
    story = {**told(model), "agent_id": str(model.agent_id)}
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
