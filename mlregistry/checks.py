"""Settings that would only show their fault when the first job runs, or the first version is to go live."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Doubt

from mlregistry.gate_lines import wrong_gates
from mlregistry.services.running import GRACE_SECONDS
from mlregistry.trainers import UnknownTrainer, trainer_named

SHORTEST_LEASE = 5


@register
def check_trainers(**kwargs: Any) -> list[CheckMessage]:
    """Those that the environment adds; ours are loaded where they train."""
    return [
        Error(said, id="mlregistry.E001", hint="It is named in TRAINERS.")
        for name in settings.TRAINERS
        if name not in settings.OUR_TRAINERS and (said := what_is_wrong(name))
    ]


def what_is_wrong(name: str) -> str:
    try:
        trainer_named(name)
    except UnknownTrainer as error:
        return str(error)
    return ""


@register
def check_times(**kwargs: Any) -> list[CheckMessage]:
    """A lease must outlive what a busy machine may keep its worker from; a training must end before Celery ends it."""
    found: list[CheckMessage] = []
    if settings.TRAINING_LEASE_SECONDS < SHORTEST_LEASE:
        text = f"TRAINING_LEASE_SECONDS ({settings.TRAINING_LEASE_SECONDS}) must be {SHORTEST_LEASE} or more."
        found.append(Error(text, id="mlregistry.E002"))
    most, limit = settings.TRAINING_MOST_SECONDS, settings.CELERY_TASK_TIME_LIMIT
    if not 0 < most <= limit - 3 * GRACE_SECONDS:
        text = f"TRAINING_MOST_SECONDS ({most}) must be from 1 to {limit - 3 * GRACE_SECONDS}."
        found.append(Error(text, id="mlregistry.E003"))
    if settings.LEARN_EVERY_VERDICTS < 0:
        text = f"LEARN_EVERY_VERDICTS ({settings.LEARN_EVERY_VERDICTS}) must be 0 or more."
        found.append(Error(text, id="mlregistry.E004"))
    return found


@register
def check_gates(**kwargs: Any) -> list[CheckMessage]:
    """A line that nobody can read would hold every version back, or none."""
    return [
        Error(f"MODEL_GATES: {said}.", id="mlregistry.E005")
        for said in wrong_gates(settings.MODEL_GATES)
    ]


@register
def check_deciding(**kwargs: Any) -> list[CheckMessage]:
    """A name that is spelt in another way goes live by one person alone, or past no gate."""
    gates, deciding = settings.MODEL_GATES, settings.DECIDING_MODELS
    if wrong_gates(gates):
        return []
    unasked = [name for name in gates if name not in deciding]
    missing = [name for name in settings.OUR_GATES if name not in deciding]
    ungated = [name for name in deciding if not gates.get(name)]
    return [
        *(Error(idle(name), id="mlregistry.E006") for name in unasked),
        *(Doubt(by_one_person(name), id="mlregistry.W001") for name in missing),
        *(Doubt(open_to_all(name), id="mlregistry.W002") for name in ungated),
    ]


def idle(name: str) -> str:
    return f"MODEL_GATES: {name!r} is not among DECIDING_MODELS, so that nobody asks its gate."


def by_one_person(name: str) -> str:
    return (
        f"DECIDING_MODELS: {name!r} is missing. The review policy decides by it all the same, "
        "and one person lets a version go live."
    )


def open_to_all(name: str) -> str:
    return f"MODEL_GATES: no line for {name!r}, so that a version may go live whatever its metrics are."
