"""Messages that tell a trainer of a job. They carry its id only, and may be lost: the row says what is to be done."""

from __future__ import annotations

import logging
from functools import partial
from uuid import UUID

from django.db import transaction
from kombu.exceptions import OperationalError

from agentic.celery import app

TASK = "mlregistry.tasks.train"
# One that nobody took by then is of no use any more: it has been sent again.
EXPIRES_SECONDS = 60
logger = logging.getLogger(__name__)


def send(job_id: UUID) -> None:
    try:
        app.send_task(TASK, [str(job_id)], expires=EXPIRES_SECONDS, retry=False)
    except OperationalError as error:
        logger.warning("training job %s waits until the broker is back: %s", job_id, error)


def send_once_committed(job_id: UUID) -> None:
    transaction.on_commit(partial(send, job_id))
