"""`manage.py demo --tasks 300 --review`: real agents read handwritten digits, to an end, and it is told how it went."""

from __future__ import annotations

import shutil
import tempfile
from argparse import ArgumentTypeError
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from agentic.roles import Role
from decisions.demo_accounts import Keys, Passwords, visitors
from decisions.demo_server import server_at
from examples.digits.crew import Crew
from examples.digits.demo import Cast, Demo
from examples.digits.people import Person, Refused

MANAGER, REVIEWER = "demo-manager", "demo-reviewer"
PEOPLE = {MANAGER: Role.AGENT_MANAGER, REVIEWER: Role.REVIEWER}
AGENTS = {kind: f"demo-{kind}" for kind in ("steady", "eager", "slow")}


def number_of_tasks(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise ArgumentTypeError("a whole number from 1 to 100000")
    return int(text)


class Command(BaseCommand):
    help = "Send demo tasks through the platform, with agents of its own, and tell what happened."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tasks", type=number_of_tasks, default=60, metavar="N", help="(60)")
        parser.add_argument(
            "--review", action="store_true", help="play the reviewer too, who knows the true labels"
        )
        parser.add_argument(
            "--server", default="", metavar="URL", help="a platform that uses this very database"
        )
        parser.add_argument("--timeout", type=float, default=900, help="seconds (900)")

    def handle(
        self,
        *args: Any,
        tasks: int,
        review: bool,
        server: str,
        timeout: float,
        **options: Any,
    ) -> None:
        self.console = Console(highlight=False)
        logs = Path(tempfile.mkdtemp(prefix="agentic-demo-"))
        if settings.EMBEDDED:
            call_command("migrate", verbosity=0)
        with server_at(server, logs) as url, visitors(PEOPLE, AGENTS.values()) as (words, keys):
            self.introduce(url, tasks, review)
            ended_well = self.play(url, words, keys, logs, tasks, review, timeout)
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

    def play(
        self,
        url: str,
        passwords: Passwords,
        keys: Keys,
        logs: Path,
        tasks: int,
        review: bool,
        timeout: float,
    ) -> bool:
        crew = Crew(url, {kind: keys[name] for kind, name in AGENTS.items()}, logs)
        with (
            Person(url, MANAGER, passwords[MANAGER]) as manager,
            Person(url, REVIEWER, passwords[REVIEWER]) as reviewer,
        ):
            cast = Cast(manager, reviewer, crew, AGENTS)
            demo = Demo(cast, tasks=tasks, review=review, console=self.console)
            try:
                ended_well = demo.run(timeout)
            except KeyboardInterrupt as error:
                raise CommandError("Stopped by you.", returncode=130) from error
            except Refused as error:
                raise CommandError(
                    f"{error}\nDoes {url} use the database of this command?"
                ) from error
            demo.tell()
        return ended_well
