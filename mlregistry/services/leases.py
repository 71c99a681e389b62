"""Who works on a training job: its lease, by which a worker that fell silent is told from one that is busy.

A row changes hands under its lock, and whoever writes to it shows the token of the lease: a worker that lost it writes
nothing more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from agentic.actors import Actor
from agentic.changes import Happening, Move
from agentic.clock import Now, database_now
from agentic.ids import new_id
from agentic.transitions import move
from agentic.vocabulary import EventType
from mlregistry.logs import longer
from mlregistry.models import JOBS, JobStatus, TrainingJob

# A worker that dies takes its job with it, perhaps because of it: the second time nobody tries again.
MOST_TAKEN = 2
SILENT = Q(status=JobStatus.RUNNING, lease_expires_at__lte=Now())
GIVEN_UP = SILENT & (Q(taken_count__gte=MOST_TAKEN) | Q(cancel_requested_at__isnull=False))
FREE = Q(status=JobStatus.PENDING) | SILENT & ~GIVEN_UP
NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_expires_at": None}


def locked(which: Q, job_id: UUID) -> TrainingJob | None:
    """The row, if it is as `which` says; locked until the transaction ends."""
    rows: QuerySet[TrainingJob] = TrainingJob.objects.filter(which, pk=job_id)
    return rows.select_for_update(no_key=True).first()


def held(job_id: UUID, token: UUID | None) -> TrainingJob | None:
    """The row, locked, if this is still the token of its lease."""
    return locked(Q(status=JobStatus.RUNNING, lease_token=token), job_id)


@transaction.atomic
def take(job_id: UUID, *, actor: Actor) -> TrainingJob | None:
    """The job with a lease; None when another worker has it, or it has ended."""
    job = locked(FREE, job_id)
    if job is None:
        return None
    now = database_now()
    values: dict[str, Any] = {
        "lease_token": new_id(),
        "lease_expires_at": now + lease(),
        "heartbeat_at": now,
        "started_at": job.started_at or now,
        "taken_count": job.taken_count + 1,
        "progress": 0.0,
    }
    said = {"name": job.model_name, "taken_count": values["taken_count"]}
    path: tuple[str, ...] = (JobStatus.RUNNING.value,)
    event = Happening(EventType.TRAINING_STARTED, said)
    if job.status == JobStatus.RUNNING:
        path = ()
    if job.taken_count:  # of a worker that gave it back this does not count
        event = Happening(EventType.TRAINING_TAKEN_UP, said)
        values["log"] = longer(job.log, ["Its worker fell silent. It begins again in another one."])
    move(JOBS, Move(job.pk, job.status, job.version, path, [event], values), actor=actor)
    return TrainingJob.objects.get(pk=job_id)


def lease() -> timedelta:
    return timedelta(seconds=settings.TRAINING_LEASE_SECONDS)


def renewed(now: Any) -> dict[str, Any]:
    return {"lease_expires_at": now + lease(), "heartbeat_at": now}


def end(
    job: TrainingJob, status: JobStatus, event: EventType, *, actor: Actor, **values: Any
) -> None:
    """A running job comes to its end; in a transaction of the caller's, who has the row locked."""
    now = database_now()
    values = {"finished_at": now, **NO_LEASE, **values}
    said = [Happening(event, {"name": job.model_name})]
    move(JOBS, Move(job.pk, job.status, job.version, (status.value,), said, values), actor=actor)


def fail(job: TrainingJob, reason: str, *, actor: Actor, **values: Any) -> None:
    end(job, JobStatus.FAILED, EventType.TRAINING_FAILED, actor=actor, error=reason, **values)


def call_off(job: TrainingJob, *, actor: Actor, **values: Any) -> None:
    end(job, JobStatus.CANCELLED, EventType.TRAINING_CANCELLED, actor=actor, **values)


@transaction.atomic
def give_back(job_id: UUID, token: UUID | None, *, actor: Actor) -> None:
    """The worker stops in order: the job is free at once, and this time does not count."""
    if job := held(job_id, token):
        values = {
            "lease_expires_at": database_now(),
            "taken_count": job.taken_count - 1,
            "log": longer(job.log, ["Its worker was stopped. It begins again in another one."]),
        }
        move(JOBS, Move(job.pk, job.status, job.version, (), [], values), actor=actor)
