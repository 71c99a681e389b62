"""`manage.py run_training_job ID`: carry out one job that waits, in this process. A server starts it so."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from mlregistry.services.running import Stopped, run_job

SIGNALS = (signal.SIGTERM, signal.SIGINT)
GENTLY = 10


class Command(BaseCommand):
    help = "Carry out a training job that waits. SIGTERM or Ctrl-C gives it back: another worker takes it."
    # Whoever starts it has checked what there is to check; a training need not wait for that.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("job", type=UUID, help="its id")
        parser.add_argument(
            "--gently", action="store_true", help="after whatever else is to be done"
        )

    def handle(self, *args: Any, job: UUID, gently: bool, **options: Any) -> None:
        for number in SIGNALS:
            signal.signal(number, stop)
        if gently:
            os.nice(GENTLY)
        try:
            if not run_job(job, leave=leave):
                raise CommandError("Another worker has it, or it has ended.")
        except Stopped:
            self.stderr.write("Stopped: another worker takes the job.")


def leave() -> None:
    """From beside a trainer that does not listen: there is nothing to tidy up, its lease runs out."""
    os._exit(1)


def stop(number: int, frame: FrameType | None) -> None:
    raise Stopped
