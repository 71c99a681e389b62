"""What may be said to the registry of models, by name, type and bound."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from agents.shapes import BLANK, Name, Shape

Version = Annotated[str, Meta(min_length=1, max_length=100, pattern=rf"^[^{BLANK}]+\Z")]
Seed = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Reason = Annotated[str, Meta(max_length=1000)]
Label = Annotated[str, Meta(max_length=500)]


class NewModel(Shape):
    """With `is_active` it goes live at once, in place of the version that was."""

    name: Name
    version: Version
    agent_id: UUID
    training_job_id: UUID | None = None
    metrics: dict[str, Any] = {}
    artifact_path: Label = ""
    is_active: bool = False


class GoingLive(Shape):
    """`replaces` is the version that was live when the caller looked; null: none was. Left out, it is not compared."""

    replaces: UUID | UnsetType | None = UNSET
    reason: Reason = ""


class Deciding(Shape):
    """What the second person says of a request."""

    reason: Reason = ""


class NewTrainingJob(Shape):
    """Without a `trainer` it is the model's own; the same examples, `config` and `seed` make the same model."""

    model_name: Name
    agent_id: UUID | None = None
    config: dict[str, Any] = {}
    feedback_ids: Annotated[list[UUID], Meta(max_length=10_000)] = []
    trainer: Annotated[str, Meta(max_length=200)] = ""
    seed: Seed = 0


class CallingOff(Shape):
    reason: Annotated[str, Meta(max_length=1000)] = ""
