"""Jobs that nobody works on: their message was lost, or their worker died. Safe to run twice at once, or late."""

from __future__ import annotations

import time
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from agentic.actors import Actor, system
from agentic.clock import seconds_from_now
from mlregistry.models import JobStatus, TrainingJob
from mlregistry.services.leases import FREE, GIVEN_UP, call_off, fail, locked

# So long a message may take to a worker that is free.
PATIENCE_SECONDS = 5
# While all workers are busy a job waits, and nobody can tell it from one whose message was lost.
AGAIN_SECONDS = 30.0
MOST_PER_TICK = 100
FELL_SILENT = (
    "Its worker fell silent twice. Its memory may not have sufficed; the worker's log may say."
)


class Sent:
    """When this process last sent which job."""

    def __init__(self) -> None:
        self.at: dict[UUID, float] = {}

    def is_due(self, job_id: UUID) -> bool:
        now = time.monotonic()
        self.at = {pk: at for pk, at in self.at.items() if now - at < AGAIN_SECONDS}
        return self.at.setdefault(job_id, now) == now


sent = Sent()


def look_after_jobs(*, send: Callable[[UUID], object], actor: Actor | None = None) -> int:
    """One tick; how many jobs were ended, or sent once more."""
    ended = sum(give_up(job_id, actor or system()) for job_id in ids(GIVEN_UP))
    waiting = Q(status=JobStatus.RUNNING) | Q(created_at__lte=seconds_from_now(-PATIENCE_SECONDS))
    due = [job_id for job_id in ids(FREE & waiting) if sent.is_due(job_id)]
    for job_id in due:
        send(job_id)
    return ended + len(due)


def ids(which: Q) -> list[UUID]:
    is_open = Q(status__in=[JobStatus.PENDING, JobStatus.RUNNING])
    rows = TrainingJob.objects.filter(is_open & which).order_by("created_at")
    return list(rows.values_list("pk", flat=True)[:MOST_PER_TICK])


@transaction.atomic
def give_up(job_id: UUID, actor: Actor) -> bool:
    job = locked(GIVEN_UP, job_id)
    if job is None:
        return False
    if job.cancel_requested_at:
        call_off(job, actor=actor)
    else:
        fail(job, FELL_SILENT, actor=actor)
    return True
