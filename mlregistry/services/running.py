"""Carries a training job out: what its trainer tells is kept, written each second, and its lease renewed meanwhile.

The trainer's thread writes nothing: it may be in the middle of a transaction, or compute for minutes without a word.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connections,
    transaction,
)

from agentic.actors import Actor, system
from agentic.changes import Happening, Move
from agentic.clock import database_now
from agentic.errors import DomainError
from agentic.transitions import move_many
from agentic.vocabulary import EventType
from mlregistry.code_versions import code_version
from mlregistry.logs import LONGEST_LINE, clean, line, longer
from mlregistry.models import JOBS, JobStatus, TrainingJob
from mlregistry.services.leases import call_off, end, fail, give_back, held, renewed, take
from mlregistry.services.registration import register_trained
from mlregistry.trainers import Interrupted, Run, Trained, TrainingFailed, trainer_named

# So often is written what the trainer told, and looked whether it has to stop.
PULSE_SECONDS = 1.0
# So much later than it should a trainer ends that says nothing.
GRACE_SECONDS = 30
# Of what is told faster than it is written, the newest.
MOST_LINES = 500
logger = logging.getLogger(__name__)

Watch = Callable[[float, str], None]
Leave = Callable[[], object]


class Stopped(BaseException):
    """This process has to end: the job goes on in another one."""


class Work:
    """A job that this process holds the lease of."""

    def __init__(
        self,
        job: TrainingJob,
        actor: Actor,
        watch: Watch | None = None,
        leave: Leave | None = None,
    ) -> None:
        self.job, self.actor, self.watch, self.leave = job, actor, watch, leave
        self.began = time.monotonic()
        self.lock = threading.Lock()
        self.progress = 0.0
        self.lines: deque[str] = deque(maxlen=MOST_LINES)
        self.has_news = False
        self.why_not = ""  # it may go on
        self.renewed_at = self.began
        self.over = threading.Event()

    # The trainer's thread.

    def tell(self, progress: float, text: str = "") -> None:
        """Interrupted when it has to stop, TrainingFailed when it takes too long."""
        with self.lock:
            if 0 <= progress <= 1:
                self.progress = float(progress)
            if text:
                self.lines.append(line(text))
            self.has_news = True
        if self.watch:
            self.watch(self.progress, text)
        if self.why_not:
            raise Interrupted(self.why_not)
        if self.takes() > settings.TRAINING_MOST_SECONDS:
            raise TrainingFailed(too_long())

    def takes(self) -> float:
        return time.monotonic() - self.began

    # The thread beside it.

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        beside = threading.Thread(target=self.keep_alive, name="training", daemon=True)
        beside.start()
        try:
            yield
        finally:
            self.over.set()
            beside.join()

    def keep_alive(self) -> None:
        try:
            while not self.over.wait(PULSE_SECONDS) and not self.why_not:
                self.careful_beat()
        finally:
            connections.close_all()
        if self.leave and not self.over.wait(GRACE_SECONDS):
            logger.warning("training job %s: %s, and it does not stop", self.job.pk, self.why_not)
            self.leave()

    def careful_beat(self) -> None:
        """A database that is away for a moment ends nothing; if it stays away, the lease does."""
        try:
            self.beat()
        except DatabaseError as error:
            logger.warning("training job %s: %s", self.job.pk, error)
            connections.close_all()

    def beat(self) -> None:
        row = TrainingJob.objects.filter(pk=self.job.pk, lease_token=self.job.lease_token).first()
        if row is None:
            self.why_not = "another worker has the job"
        elif row.cancel_requested_at:
            self.why_not = "the job was called off"
        elif self.takes() > settings.TRAINING_MOST_SECONDS + GRACE_SECONDS:
            self.fail(too_long())  # its trainer says nothing, and so cannot be told
        elif self.has_news or time.monotonic() - self.renewed_at > renew_seconds():
            self.write(row)

    def write(self, row: TrainingJob) -> None:
        """If the row has changed since it was read, what there is to say is said with the next beat."""
        progress, lines, is_news = self.taken_out()
        said = {"name": row.model_name, "progress": round(progress, 4)}
        events = [Happening(EventType.TRAINING_PROGRESSED, said)] if is_news else []
        values = {"progress": progress, "log": longer(row.log, lines), **renewed(database_now())}
        written = None
        try:
            renewal = Move(row.pk, row.status, row.version, (), events, values)
            (written,) = move_many(JOBS, [renewal], actor=self.actor)
        finally:
            if written:
                self.renewed_at = time.monotonic()
            else:
                self.put_back(lines, is_news)

    def taken_out(self) -> tuple[float, Sequence[str], bool]:
        with self.lock:
            told = self.progress, self.lines, self.has_news
            self.lines, self.has_news = deque(maxlen=MOST_LINES), False
        return told

    def put_back(self, lines: Sequence[str], is_news: bool) -> None:
        with self.lock:
            self.lines = deque([*lines, *self.lines], maxlen=MOST_LINES)
            self.has_news = self.has_news or is_news

    # The end: once nothing is written beside it.

    def surely(self, write: Callable[[], None]) -> None:
        """While it trained the database may have cut its connection: it is tried again as long as the lease lives.

        After that another worker takes the job up.
        """
        until = self.renewed_at + settings.TRAINING_LEASE_SECONDS
        while not self.is_written(write) and time.monotonic() < until:
            time.sleep(PULSE_SECONDS)

    def is_written(self, write: Callable[[], None]) -> bool:
        close_old_connections()
        try:
            write()
        except (OperationalError, InterfaceError) as error:
            logger.warning("training job %s: %s", self.job.pk, error)
            return False
        return True

    @transaction.atomic
    def complete(self, trained: Trained) -> None:
        """The model and the end of the job, together or not at all."""
        if row := self.still_wanted():
            made = register_trained(job=row, trained=trained, actor=self.actor)
            values = {
                **self.last_words(row, line(f"It made {made}.")),
                "progress": 1.0,
                "metrics": trained.metrics,
                "data_set_digest": trained.data_set_digest,
            }
            done = JobStatus.COMPLETED, EventType.TRAINING_COMPLETED
            end(row, *done, actor=self.actor, **values)

    @transaction.atomic
    def fail(self, reason: str) -> None:
        if row := self.still_wanted():
            fail(row, readable(reason), actor=self.actor, **self.last_words(row))

    @transaction.atomic
    def cancel(self) -> None:
        """Whoever started it here wants no more of it."""
        if row := self.still_wanted():
            call_off(row, actor=self.actor, **self.last_words(row))

    def still_wanted(self) -> TrainingJob | None:
        """The row, locked; None when it was called off, or the lease is another's: then nothing is written."""
        row = held(self.job.pk, self.job.lease_token)
        if row is None:
            logger.warning("training job %s is another worker's: nothing is written", self.job.pk)
        elif row.cancel_requested_at:
            call_off(row, actor=self.actor, **self.last_words(row))
            return None
        return row

    def last_words(self, row: TrainingJob, *more: str) -> dict[str, Any]:
        return {
            "progress": self.progress,
            "log": longer(row.log, [*self.lines, *more]),
            "code_version": self.job.code_version,
        }


def run_job(
    job_id: UUID,
    *,
    actor: Actor | None = None,
    watch: Watch | None = None,
    leave: Leave | None = None,
) -> bool:
    """Carry it out, unless another worker has it or it has ended. How it went stands in its row.

    `leave` ends a process that is there for this job alone, when its trainer goes on though nobody wants it to.
    """
    job = take(job_id, actor=actor or system())
    if job is None:
        return False
    work = Work(job, actor or system(), watch, leave)
    try:
        with work.kept_alive():
            trained = train(work)
        work.surely(partial(work.complete, trained))
    except (TrainingFailed, DomainError) as error:
        work.surely(partial(work.fail, str(error)))
    except Interrupted as error:
        work.surely(partial(work.fail, f"The trainer stopped: {error}."))
    except Stopped:
        give_back(job.pk, job.lease_token, actor=work.actor)
        raise
    except KeyboardInterrupt:
        work.cancel()
        raise
    except Exception as error:
        logger.exception("training job %s failed", job_id)
        work.surely(partial(work.fail, f"{type(error).__name__}: {error}"))
    return True


def train(work: Work) -> Trained:
    job = work.job
    name = job.trainer or job.model_name
    trainer = trainer_named(name)
    job.code_version = code_version(name)
    run = Run(
        job_id=job.pk,
        model_name=job.model_name,
        config=job.config,
        seed=job.seed,
        feedback_ids=[UUID(pk) for pk in job.feedback_ids],
        tell=work.tell,
    )
    return as_plain(trainer(run))


def as_plain(trained: object) -> Trained:
    """With figures of JSON alone: what numpy counts is a number, and what is none is null."""
    if not isinstance(trained, Trained):
        raise TrainingFailed(f"The trainer gave back no Trained, but {type(trained).__name__}.")
    told = {
        name: msgspec.json.decode(msgspec.json.encode(getattr(trained, name), enc_hook=plain))
        for name in ("metrics", "parameters", "signature", "card")
    }
    return replace(trained, **told)


def plain(value: Any) -> Any:
    """Of numpy's scalars and arrays what Python has; of anything else its text."""
    return value.tolist() if hasattr(value, "tolist") else str(value)


def readable(reason: str) -> str:
    said = clean(reason).strip() or "It failed, and did not say why."
    return said if len(said) <= 4 * LONGEST_LINE else f"{said[: 4 * LONGEST_LINE]}…"


def renew_seconds() -> float:
    """Two may get lost."""
    return float(settings.TRAINING_LEASE_SECONDS) / 3


def too_long() -> str:
    return f"It took longer than {settings.TRAINING_MOST_SECONDS:,} seconds."
