"""What the registry of models answers, by name and type."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from agentic.answers import Answer, Moment, Object, Share
from mlregistry.models import JobStatus


class Model(Answer):
    """A version of a model. `artifact_path` is a label: nothing here ever opens it."""

    id: UUID
    name: str
    version: str
    agent_id: UUID | None
    training_job_id: UUID | None
    metrics: Object
    artifact_path: str
    sha256: str
    size: int | None
    is_active: bool
    created_by_id: UUID | None
    created_at: Moment


class ModelPage(Answer):
    """The newest first; `next` is the cursor of the page after this one, null when there is none."""

    models: list[Model]
    limit: int
    next: UUID | None


class Activated(Answer):
    status: Literal["activated"]
    model_id: UUID


class TrainingJob(Answer):
    """One training of one model; `progress` is from 0 to 1."""

    id: UUID
    model_name: str
    agent_id: UUID | None
    trainer: str
    status: JobStatus
    config: Object
    progress: Share
    error: str
    created_by_id: UUID | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class TrainingJobPage(Answer):
    """The newest first; `next` is the cursor of the page after this one, null when there is none."""

    jobs: list[TrainingJob]
    limit: int
    next: UUID | None


class TrainingRequested(Answer):
    job_id: UUID
    status: JobStatus
    message: str
