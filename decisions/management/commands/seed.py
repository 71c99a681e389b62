"""`manage.py seed --tasks 1000000`: fills a database with synthetic tasks, their events and all that hangs on them."""

from __future__ import annotations

import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agentic.clock import database_now
from agentic.progress import bar
from decisions.models import Task
from decisions.seeding.filling import fill, tell_planner

MOST = 10_000_000


def number_of_tasks(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise ArgumentTypeError(f"a whole number from 1 to {MOST}")
    return int(text)


class Command(BaseCommand):
    help = (
        "Fill the database with synthetic tasks of the past 30 days: six events each, a queue for people, "
        "agents that nobody runs. All of it or, when it is interrupted, nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tasks", type=number_of_tasks, default=10_000, help="(10000)")
        parser.add_argument("--seed", type=int, default=1, help="what is drawn depends on it (1)")
        parser.add_argument("--yes", action="store_true", help="also beside tasks that are real")

    def handle(self, *args: Any, tasks: int, seed: int, yes: bool, **options: Any) -> None:
        if not yes and Task.objects.exclude(payload__has_key="synthetic").exists():
            raise CommandError(
                "There are real tasks in this database: synthetic ones beside them cannot be taken away again. "
                "With --yes they are added all the same."
            )
        started = time.monotonic()
        with bar() as progress:
            work = progress.add_task("tasks", total=tasks)
            fill(
                tasks=tasks,
                seed=seed,
                now=database_now(),
                progress=lambda number: progress.advance(work, number),
            )
        tell_planner()
        seconds = time.monotonic() - started
        self.stdout.write(self.style.SUCCESS(f"{tasks:,} synthetic tasks, {seconds:.0f} s."))
