"""What the tests of the registry of models put there, and look at."""

from __future__ import annotations

from typing import Any

from agentic.actors import Actor
from agentic.models import Audit, Event
from agents.models import Agent
from mlregistry.models import Activation, RegisteredModel
from mlregistry.services.registration import register_model


def versions(
    operator: Actor, agent: Agent, *names: str, name: str = "digits"
) -> list[RegisteredModel]:
    """These versions of one model; none of them is live."""
    return [
        register_model(actor=operator, name=name, version=version, agent_id=agent.pk)
        for version in names
    ]


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
