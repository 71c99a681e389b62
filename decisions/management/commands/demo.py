"""`manage.py demo --tasks 300 --review`: real agents read handwritten digits, to an end, and it is told how it went.

With `--learn` the platform learns from the first phase, and a second one shows what that is worth.
"""

from __future__ import annotations

import shutil
import tempfile
from argparse import ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from agentic.roles import Role
from decisions.demo_accounts import Keys, Passwords, visitors
from decisions.demo_figures import learned_report
from decisions.demo_server import server_at
from examples.digits.crew import Crew
from examples.digits.data import digits_for_two_phases
from examples.digits.demo import Cast, Demo
from examples.digits.going_live import NotTrained
from examples.digits.learning import MOST_TASKS, Learned, LearningDemo
from examples.digits.people import Person, Refused
from examples.digits.phase import Overdue
from examples.digits.reviewer import CONFLICT

MANAGER, REVIEWER, ADMIN = "demo-manager", "demo-reviewer", "demo-admin"
PEOPLE = {MANAGER: Role.AGENT_MANAGER, REVIEWER: Role.REVIEWER}
# What decides takes two people.
LEARNING_PEOPLE = {**PEOPLE, ADMIN: Role.ADMIN}
AGENTS = {kind: f"demo-{kind}" for kind in ("steady", "eager", "slow")}


TASKS = 60
LEARNED = 1_000
LEARNING = (
    "{tasks:,} tasks, then {tasks:,} more, go through {url}, to three agents without pauses. A task is one image for "
    "one agent; no pair comes twice. The images are {asked} of the 1,797 real ones: no agent has learned from them and "
    "phase 2 asks only about {held_out} that phase 1 never asks about. The reviewer answers with the true label; how "
    "long a review takes is simulated (12 s at the median)."
)


def number_of_tasks(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise ArgumentTypeError("a whole number from 1 to 100000")
    return int(text)


class Visit(NamedTuple):
    """Where the demo goes, and as whom."""

    url: str
    passwords: Passwords
    keys: Keys
    logs: Path

    def person(self, name: str) -> Person:
        return Person(self.url, name, self.passwords[name])

    def crew(self, *, quick: bool = False) -> Crew:
        keys = {kind: self.keys[name] for kind, name in AGENTS.items()}
        return Crew(self.url, keys, self.logs, quick=quick)


class Command(BaseCommand):
    help = "Send demo tasks through the platform, with agents of its own, and tell what happened."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--tasks",
            type=number_of_tasks,
            metavar="N",
            help=f"({TASKS}; --learn: {LEARNED} in each phase)",
        )
        parser.add_argument(
            "--review", action="store_true", help="play the reviewer too, who knows the true labels"
        )
        parser.add_argument(
            "--learn",
            action="store_true",
            help="train models from the verdicts, let them decide, and tell the gain",
        )
        parser.add_argument(
            "--server", default="", metavar="URL", help="a platform that uses this very database"
        )
        parser.add_argument("--timeout", type=float, default=900, help="seconds (900)")

    def handle(
        self,
        *args: Any,
        tasks: int | None,
        review: bool,
        learn: bool,
        server: str,
        timeout: float,
        **options: Any,
    ) -> None:
        self.console = Console(highlight=False)
        if learn and tasks and tasks > MOST_TASKS:
            raise CommandError(
                f"With --learn there are {MOST_TASKS:,} different tasks for a phase at most."
            )
        logs = Path(tempfile.mkdtemp(prefix="agentic-demo-"))
        if settings.EMBEDDED:
            call_command("migrate", verbosity=0)
        people = LEARNING_PEOPLE if learn else PEOPLE
        with server_at(server, logs) as url, visitors(people, AGENTS.values()) as (words, keys):
            visit = Visit(url, words, keys, logs)
            with explained(visit):
                if learn:
                    ended_well = self.learn(visit, tasks or LEARNED, timeout)
                else:
                    ended_well = self.play(visit, tasks or TASKS, review, timeout)
        call_command("verify_events", stdout=self.stdout, stderr=self.stderr)
        if not ended_well:
            raise CommandError(f"Not every task came to its end. Logs: {logs}")
        shutil.rmtree(logs)

    def introduce(self, url: str, tasks: int, review: bool) -> None:
        self.console.print(f"{tasks} handwritten digits go through {url}, to three agents.")
        if review:
            self.console.print("The reviewer of this demo knows the true labels.")
        else:
            self.console.print("What needs a person waits for you: nobody reviews here (--review).")

    def play(self, visit: Visit, tasks: int, review: bool, timeout: float) -> bool:
        self.introduce(visit.url, tasks, review)
        with visit.person(MANAGER) as manager, visit.person(REVIEWER) as reviewer:
            cast = Cast(manager, reviewer, visit.crew(), AGENTS)
            demo = Demo(cast, tasks=tasks, review=review, console=self.console)
            ended_well = demo.run(timeout)
            demo.tell()
        return ended_well

    def learn(self, visit: Visit, tasks: int, timeout: float) -> bool:
        self.console.print(LEARNING.format(tasks=tasks, url=visit.url, **images()))
        with (
            visit.person(MANAGER) as manager,
            visit.person(ADMIN) as admin,
            visit.person(REVIEWER) as reviewer,
        ):
            crew = visit.crew(quick=True)
            demo = LearningDemo(manager, admin, reviewer, crew, self.console)
            try:
                self.tell(demo.run(list(AGENTS.values()), tasks, timeout))
            finally:
                self.console.print(demo.kept())
        return True

    def tell(self, learned: Learned) -> None:
        accepted = learned.policy["budget_value"] if learned.policy["budget"] == "error" else None
        self.console.print()
        self.console.print(learned_report(learned.second, learned.seconds, accepted))


def images() -> dict[str, int]:
    earlier, later = digits_for_two_phases()
    return {"asked": len(earlier) + len(later), "held_out": len(later)}


@contextmanager
def explained(visit: Visit) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise CommandError("Stopped by you.", returncode=130) from error
    except Refused as error:
        told = str(error)
        if error.status != CONFLICT:
            told += f"\nDoes {visit.url} use the database of this command?"
        raise CommandError(told) from error
    except (NotTrained, Overdue) as error:
        raise CommandError(f"{error} Logs: {visit.logs}") from error
