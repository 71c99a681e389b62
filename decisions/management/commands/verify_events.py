"""`manage.py verify_events`: folds all events and compares with the rows, in one reading and little memory."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.progress import Progress

from agentic.models import Event
from agentic.progress import bar, counting
from agentic.snapshots import one_snapshot
from agents.models import AGENTS
from decisions.folding import STATES, Problem, compare
from decisions.models import DECISIONS, TASKS
from mlregistry.models import JOBS

MACHINES = (TASKS, DECISIONS, AGENTS, JOBS)
CHUNK = 10_000
SHOWN = 20


class Command(BaseCommand):
    help = "Fold the events of every task, decision, agent and training job, and compare. Ends with 1 on a difference."

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
