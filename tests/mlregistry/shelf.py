"""What the tests of the registry of models put there, and look at."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from agentic.actors import Actor, ActorKind, Source
from agentic.models import Audit, Event, User
from agents.models import Agent
from mlregistry.models import Activation, RegisteredModel, TrainingJob
from mlregistry.services.activation_requests import approve_activation, request_activation
from mlregistry.services.registration import register_model, register_trained
from mlregistry.trainers import Trained


def versions(
    operator: Actor, agent: Agent, *names: str, name: str = "digits"
) -> list[RegisteredModel]:
    """These versions of one model; none of them is live."""
    return [
        register_model(actor=operator, name=name, version=version, agent_id=agent.pk)
        for version in names
    ]


def trained(
    operator: Actor,
    name: str = "review_risk",
    content: bytes = b'{"threshold": 0.5}',
    **metrics: Any,
) -> RegisteredModel:
    """A version that a job made, with its file, and with figures that pass the gates unless told."""
    job = TrainingJob.objects.create(model_name=name, created_by_id=operator.user_id)
    told = {"auc": {"value": 0.8, "low": 0.75, "high": 0.85, "n": 400}} | metrics
    with transaction.atomic():
        return register_trained(job=job, trained=Trained(content, "json", told), actor=operator)


def actor_for(person: User) -> Actor:
    return Actor(ActorKind.USER, person.pk, person.username, Source.API)


def let_live(model: RegisteredModel, first: User, second: User) -> None:
    """By two people."""
    request = request_activation(actor=actor_for(first), model_id=model.pk)
    approve_activation(actor=actor_for(second), request_id=request.pk)


def live(name: str = "digits") -> list[str]:
    """Every version that claims to be live; more than one would be a fault."""
    found = RegisteredModel.objects.filter(name=name, is_active=True)
    return list(found.values_list("version", flat=True))


def history(name: str = "digits") -> list[tuple[str, bool]]:
    """What was live, in order, and whether that time is over."""
    rows = Activation.objects.filter(name=name).order_by("number")
    return [(row.model.version, row.ended_at is not None) for row in rows]


def story(model: RegisteredModel) -> list[tuple[int, str]]:
    events = Event.objects.filter(entity_type="model", entity_id=model.pk).order_by("position")
    return list(events.values_list("version", "event_type"))


def noted() -> list[tuple[str, dict[str, Any]]]:
    """What the audit log says of models and jobs."""
    rows = Audit.objects.filter(entity_type__in=("model", "training_job")).order_by("number")
    return [(row.action, row.told) for row in rows]
