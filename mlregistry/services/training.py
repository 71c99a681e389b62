"""Training jobs: asked for, and called off. `running` carries them out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from agentic import audits
from agentic.actors import Actor
from agentic.changes import Birth, Happening, Move
from agentic.clock import database_now
from agentic.errors import IllegalMove, Invalid
from agentic.ids import new_id
from agentic.transitions import create_many, move
from agentic.vocabulary import AuditAction, EntityType, EventType
from agents.models import Agent
from agents.services.changing import again_on_conflict
from mlregistry.models import JOB_LEGAL, JOBS, JobStatus, TrainingJob, Trigger
from mlregistry.selectors import read_job
from mlregistry.sending import send_once_committed
from mlregistry.services.registration import refuse_missing

# What a job is before anybody has worked on it.
UNTRAINED: dict[str, Any] = {
    "status": JobStatus.PENDING.value,
    "data_set_digest": "",
    "progress": 0.0,
    "metrics": {},
    "log": "",
    "error": "",
}


@transaction.atomic
def request_training_job(
    *,
    actor: Actor,
    model_name: str,
    agent_id: UUID | None = None,
    config: Mapping[str, Any] | None = None,
    feedback_ids: Sequence[UUID] = (),
    trainer: str = "",
    seed: int = 0,
    trigger: Trigger = Trigger.PERSON,
) -> TrainingJob:
    """A job that waits until a worker takes it. Invalid when there is no such agent, or no such trainer.

    Without a `trainer` it is the model's own; whether there is one shows when a worker takes the job.
    """
    refuse_missing(Agent, agent_id=agent_id)
    if trainer and trainer not in settings.TRAINERS:
        raise Invalid(trainer=f"one of {', '.join(sorted(settings.TRAINERS))}")
    about = {"agent_id": agent_id and str(agent_id), "trainer": trainer, "seed": seed}
    values = {
        "model_name": model_name,
        "agent_id": agent_id,
        "trainer": trainer,
        "seed": seed,
        "trigger": trigger.value,
        "config": dict(config or {}),
        "feedback_ids": [str(pk) for pk in dict.fromkeys(feedback_ids)],
        "created_by_id": actor.user_id,
        **UNTRAINED,
    }
    said = {"name": model_name, **about, "trigger": trigger.value}
    birth = Birth(new_id(), values, [Happening(EventType.TRAINING_REQUESTED, said)])
    create_many(JOBS, [birth], actor=actor)
    send_once_committed(birth.pk)
    audits.record(
        AuditAction.TRAINING_REQUESTED,
        actor=actor,
        entity_type=EntityType.TRAINING_JOB,
        entity_id=birth.pk,
        after={"model_name": model_name, **about},
        feedback=len(values["feedback_ids"]),
    )
    return read_job(birth.pk)


def cancel_training_job(*, actor: Actor, job_id: UUID, reason: str = "") -> TrainingJob:
    """Call it off: at once while it waits; while it runs, its trainer stops with its next word.

    IllegalMove when it has ended. To call it off once more changes nothing.
    """

    @transaction.atomic
    def step() -> TrainingJob:
        job = read_job(job_id)
        if job.status == JobStatus.RUNNING and job.cancel_requested_at:
            return job
        move(JOBS, calling_off(job), actor=actor)
        audits.record(
            AuditAction.TRAINING_CANCELLED,
            actor=actor,
            entity_type=EntityType.TRAINING_JOB,
            entity_id=job_id,
            before={"status": job.status},
            after={"status": JobStatus.CANCELLED.value},
            reason=reason,
            model_name=job.model_name,
        )
        return read_job(job_id)

    return again_on_conflict(step)


def calling_off(job: TrainingJob) -> Move:
    said: dict[str, Any] = {"name": job.model_name}
    if job.status == JobStatus.PENDING:
        events = [Happening(EventType.TRAINING_CANCELLED, said)]
        values = {"finished_at": database_now()}
        return Move(job.pk, job.status, job.version, (JobStatus.CANCELLED.value,), events, values)
    if job.status == JobStatus.RUNNING:
        said |= {"progress": job.progress, "cancel_requested": True}
        events = [Happening(EventType.TRAINING_PROGRESSED, said)]
        values = {"cancel_requested_at": database_now()}
        return Move(job.pk, job.status, job.version, (), events, values)
    raise IllegalMove(job.status, JOB_LEGAL[job.status])
