"""`manage.py sweep`: one tick of what beat does; with `--loop` a driver of its own, which needs no Redis."""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import close_old_connections

from agentic.actors import Source, system
from decisions.sweep import MOST_PER_TICK, sweep

SIGNALS = (signal.SIGTERM, signal.SIGINT)
logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Do what is due: retries, escalations, silent agents. Safe beside beat, and beside itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--loop", action="store_true", help="go on until SIGTERM or Ctrl-C")
        parser.add_argument("--interval", type=float, default=1.0, help="seconds from tick to tick")

    def handle(self, *args: Any, loop: bool, interval: float, **options: Any) -> None:
        if not 0 < interval <= 3600:
            raise CommandError("--interval: more than 0 and at most 3600 seconds")
        if not loop:
            self.tick(always=True)
            return
        with stopped_by_signals() as stop:
            self.stdout.write(f"Sweeping every {interval:g} s. Ctrl-C stops.")
            every(interval, stop, self.careful_tick)
        self.stdout.write("Stopped.")

    def careful_tick(self) -> bool:
        """A database that is away for a while does not end the loop: nothing is lost by a late tick."""
        try:
            return self.tick()
        except DatabaseError:
            logger.exception("this tick failed; the next one tries again")
            return False
        finally:
            close_old_connections()

    def tick(self, *, always: bool = False) -> bool:
        """Whether there may be more to do at once."""
        started = time.monotonic()
        acted_on = sweep(actor=system(Source.COMMAND))
        if acted_on or always:
            said = f"{acted_on} acted on" if acted_on else "Nothing was due"
            self.stdout.write(f"{said} ({time.monotonic() - started:.2f} s).")
        return acted_on >= MOST_PER_TICK


def every(interval: float, stop: threading.Event, tick: Callable[[], bool]) -> None:
    """Ticks that keep their pace: what one took is taken off the pause after it."""
    while not stop.is_set():
        started = time.monotonic()
        more = tick()
        stop.wait(0 if more else max(0.0, started + interval - time.monotonic()))


@contextmanager
def stopped_by_signals() -> Iterator[threading.Event]:
    stop = threading.Event()

    def finish(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, finish) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
