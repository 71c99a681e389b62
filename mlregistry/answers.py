"""What the registry of models answers, by name and type."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from agentic.answers import Answer, Count, Moment, Object, Share
from mlregistry.models import JobStatus, RequestStatus, Trigger


class Model(Answer):
    """A version of a model. `artifact_path` is a label: nothing here ever opens it."""

    id: UUID
    name: str
    version: str
    agent_id: UUID | None
    training_job_id: UUID | None
    metrics: Object
    artifact_path: str
    format: str
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


class WholeModel(Model):
    """With what it was made from, what goes in and out, and what its trainer says of it."""

    parameters: Object
    signature: Object
    card: Object
    data_set_digest: str


class Activated(Answer):
    status: Literal["activated"]
    model_id: UUID


class GateLine(Answer):
    """One thing that a version has to show, and whether it does."""

    ok: bool
    text: str


class ActivationRequest(Answer):
    """Somebody wants a version to go live that decisions will rest on; a second person decides."""

    id: UUID
    model_id: UUID
    name: str
    version: str
    status: RequestStatus
    reason: str
    gate: list[GateLine]
    requested_by_id: UUID
    requested_at: Moment
    decided_by_id: UUID | None
    decided_at: Moment | None
    answer: str


class ActivationRequested(Answer):
    """The version is not live yet: a second person has to approve."""

    status: Literal["requested"]
    model_id: UUID
    request_id: UUID
    gate: list[GateLine]


class ActivationRequestPage(Answer):
    """The newest first; `next` is the cursor of the page after this one, null when there is none."""

    requests: list[ActivationRequest]
    limit: int
    next: UUID | None


class Live(Answer):
    """What was live of one name; `ended_at` is null as long as it still is."""

    name: str
    version: str
    model_id: UUID
    activated_at: Moment
    ended_at: Moment | None
    requested_by_id: UUID | None
    approved_by_id: UUID | None
    is_rollback: bool


class LivePage(Answer):
    """By name; `next` is the cursor of the page after this one, null when there is none."""

    at: Moment
    models: list[Live]
    limit: int
    next: str | None


class TrainingJob(Answer):
    """One training of one model; `progress` is from 0 to 1."""

    id: UUID
    model_name: str
    agent_id: UUID | None
    trainer: str
    status: JobStatus
    config: Object
    seed: Count
    trigger: Trigger
    progress: Share
    error: str
    created_by_id: UUID | None
    created_at: Moment
    started_at: Moment | None
    finished_at: Moment | None


class WholeTrainingJob(TrainingJob):
    """With what it said and what it rests on; `models` are the versions that it made, `log` is its newest lines."""

    metrics: Object
    log: str
    feedback_ids: list[UUID]
    data_set_digest: str
    code_version: str
    taken_count: Count
    heartbeat_at: Moment | None
    cancel_requested_at: Moment | None
    models: list[UUID]


class TrainingJobPage(Answer):
    """The newest first; `next` is the cursor of the page after this one, null when there is none."""

    jobs: list[TrainingJob]
    limit: int
    next: UUID | None


class TrainingRequested(Answer):
    job_id: UUID
    status: JobStatus
    message: str
