"""`manage.py run`: the whole platform on this machine, with people to sign in as and agents at work."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.table import Table

from agentic.embedded import Beside
from agentic.management.commands.serve import add_address, platform_on
from agentic.roles import Role
from decisions.demo_accounts import (
    Kept,
    Keys,
    Passwords,
    ensure_agents,
    ensure_people,
    rest_agents,
)
from examples.digits.crew import Crew
from examples.digits.people import Person
from examples.digits.shift import Shift

PEOPLE = {
    "admin": Role.ADMIN,
    "reviewer": Role.REVIEWER,
    "manager": Role.AGENT_MANAGER,
    "viewer": Role.VIEWER,
}
AGENTS = ("steady", "eager", "slow")
KEPT = "demo.json"


class Command(BaseCommand):
    help = "Run the whole platform in one process on SQLite, with demo accounts and agents at work."

    def add_arguments(self, parser: CommandParser) -> None:
        add_address(parser)
        parser.add_argument(
            "--no-agents", action="store_true", help="start none, and make no tasks"
        )
        parser.add_argument(
            "--no-tasks", action="store_true", help="make none; agents wait for yours"
        )

    def handle(
        self, *args: Any, host: str, port: int, no_agents: bool, no_tasks: bool, **options: Any
    ) -> None:
        if not settings.EMBEDDED:
            raise CommandError(
                "run makes demo accounts, on SQLite only. Unset DATABASE_URL and REDIS_URL, or use serve."
            )
        with platform_on(host, port) as (platform, address):
            call_command("migrate", verbosity=0)
            passwords, keys = self.prepare()
            self.introduce(address, passwords)
            if not no_agents:
                platform.beside = self.shift(address, keys, {} if no_tasks else passwords)
            platform.run()
            rest_agents(AGENTS)
        self.say("Stopped. What was under way goes on at the next start.")

    def prepare(self) -> tuple[Passwords, Keys]:
        kept = Kept(settings.DATA_DIR / KEPT)
        passwords, keys = ensure_people(PEOPLE, kept.passwords), ensure_agents(AGENTS, kept.keys)
        kept.save()
        return passwords, keys

    def introduce(self, address: str, passwords: Passwords) -> None:
        table = Table("name", "password", "role", title=f"Agentic Agent Platform: {address}")
        for name, role in PEOPLE.items():
            table.add_row(name, passwords.get(name, "(not ours)"), role.value)
        Console(highlight=False).print(table)
        self.say(f"Documentation of the API: {address}/api/docs. Ctrl-C stops everything.")

    def shift(self, address: str, keys: Keys, passwords: Passwords) -> Beside:
        crew = Crew(address, keys, settings.DATA_DIR / "logs")
        password = passwords.get("manager")
        manager = Person(address, "manager", password) if password else None
        return Shift(crew, manager, self.say)

    def say(self, text: str) -> None:
        self.stdout.write(f"{timezone.localtime():%H:%M:%S} {text}")
        self.stdout.flush()
