"""A training in a process of its own: it takes no breath from whatever else is served, it can be stopped in the middle
of a computation, and its memory goes with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from uuid import UUID

from celery.worker import state
from django.conf import settings

from mlregistry.services.running import GRACE_SECONDS

LOOK_SECONDS = 0.25
STOP_SECONDS = 3
# However many cores there are, who trains beside a server leaves it the others.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
logger = logging.getLogger(__name__)

alone = threading.Lock()
# The jobs that came meanwhile, each of them once, however often it was sent.
waiting: OrderedDict[UUID, None] = OrderedDict()


def run_in_turn(job_id: UUID) -> None:
    """One at a time in this process; whoever comes meanwhile leaves the job behind, and the thread to other tasks."""
    waiting[job_id] = None
    # Looked at again after the lock is free: who came just before that could not take it.
    while waiting and not is_stopping() and alone.acquire(blocking=False):
        try:
            run_next()
        finally:
            alone.release()


def run_next() -> None:
    if waiting:  # another thread may have run the last one just now
        job_id, _ = waiting.popitem(last=False)
        run_apart(job_id)


def run_apart(job_id: UUID) -> None:
    """Until it ends. When this worker stops, it gives the job back, and another one takes it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "django", "run_training_job", str(job_id), "--gently"],
        cwd=settings.BASE_DIR,
        env=os.environ | ONE_THREAD,
        stdin=subprocess.DEVNULL,
    )
    most = time.monotonic() + settings.TRAINING_MOST_SECONDS + 2 * GRACE_SECONDS
    while process.poll() is None and not is_stopping() and time.monotonic() < most:
        time.sleep(LOOK_SECONDS)
    stop(process)


def is_stopping() -> bool:
    return state.should_stop is not None  # an exit code, once it is


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        logger.warning("a trainer does not listen, and is killed")
        process.kill()
        process.wait()
