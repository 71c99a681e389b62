"""`manage.py verify_events`: folds all events and compares with the rows, in one reading and little memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from agentic.models import Event
from agents.models import AGENTS
from decisions.folding import STATES, Problem, Told, compare
from decisions.models import DECISIONS, TASKS

MACHINES = (TASKS, DECISIONS, AGENTS)
CHUNK = 10_000
SHOWN = 20


class Command(BaseCommand):
    help = "Fold the events of every task, decision and agent, and compare. Ends with 1 on a difference."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--show", type=int, default=SHOWN, help=f"how many differences to name ({SHOWN})"
        )

    def handle(self, *args: Any, show: int, **options: Any) -> None:
        started, problems = time.monotonic(), 0
        with one_snapshot(), bar() as progress:
            total = Event.objects.filter(entity_type__in=STATES).count()
            work = progress.add_task("events", total=total)
            for machine in MACHINES:
                for problem in look_at(machine, progress, work):
                    problems += 1
                    if problems <= show:
                        self.stderr.write(f"{machine.entity} {problem.entity_id}: {problem.text}")
        seconds = time.monotonic() - started
        if problems:
            raise CommandError(f"{problems} differ from their events ({total} events).")
        self.stdout.write(
            self.style.SUCCESS(f"All as their events say: {total} events, {seconds:.1f} s.")
        )


def look_at(machine: Any, progress: Progress, work: Any) -> Iterator[Problem]:
    rows = machine.model._default_manager.order_by("pk").values_list(
        "pk", machine.column, "version"
    )
    events = Event.objects.filter(entity_type=machine.entity).order_by("entity_id", "version")
    told = events.values_list("entity_id", "version", "event_type").iterator(chunk_size=CHUNK)
    counted = counting(told, progress, work)
    return compare(rows.iterator(chunk_size=CHUNK), counted, STATES[machine.entity])


def counting(told: Iterator[Told], progress: Progress, work: Any) -> Iterator[Told]:
    number = 0
    for number, one in enumerate(told, 1):
        yield one
        if number % CHUNK == 0:
            progress.advance(work, CHUNK)
    progress.advance(work, number % CHUNK)


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Rows and events of one moment, while others go on writing."""
    if connection.in_atomic_block:
        yield
    elif connection.vendor == "postgresql":
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield
    else:
        # Not by atomic(): that would take the lock of a writer.
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def bar() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    )
