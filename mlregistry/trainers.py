"""What a trainer is: a function that a setting names, given a run and answering with what it made.

    def train(run: Run) -> Trained: ...

The registry knows nothing of what is learned; a trainer knows nothing of jobs, leases and files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string


class TrainingFailed(Exception):
    """The trainer cannot go on; the message tells people why."""


class Interrupted(Exception):
    """Raised by `tell`: the job was called off, or another worker has it. A trainer lets it pass."""


@dataclass(frozen=True, slots=True)
class Run:
    """`tell(progress, line)` renews the lease, with the progress from 0 to 1 and a line for the log.

    It raises Interrupted when the trainer has to stop.
    """

    job_id: UUID
    model_name: str
    config: Mapping[str, Any]
    seed: int
    feedback_ids: Sequence[UUID]
    tell: Callable[[float, str], None]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it. `format` is that of the artifact's bytes: skops, json or onnx.

    `signature` names what goes in and out with their types. `metrics` and `card` are what the page of the version
    tells, by the keys that `mlregistry.cards` names. The same examples, parameters and seed give the same bytes.
    """

    artifact: bytes
    format: str
    metrics: Mapping[str, Any]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    signature: Mapping[str, Any] = field(default_factory=dict)
    card: Mapping[str, Any] = field(default_factory=dict)
    data_set_digest: str = ""


Trainer = Callable[[Run], Trained]


class UnknownTrainer(TrainingFailed):
    """The settings name no such trainer, or it cannot be loaded."""


def path_of(name: str) -> str:
    """Where the trainer of this name is. UnknownTrainer tells which there are."""
    try:
        path: str = settings.TRAINERS[name]
    except KeyError as error:
        known = ", ".join(sorted(settings.TRAINERS))
        raise UnknownTrainer(f"No trainer is called {name!r}. There are: {known}.") from error
    return path


def trainer_named(name: str) -> Trainer:
    """It is loaded here and not before: what trainers need is heavy, and most processes never train."""
    path = path_of(name)
    try:
        trainer: Trainer = import_string(path)
    except Exception as error:
        raise UnknownTrainer(f"The trainer {name!r} cannot be loaded: {error}") from error
    if not callable(trainer):
        raise UnknownTrainer(f"The trainer {name!r} is no function: {path}")
    return trainer
