"""`manage.py create_user NAME --role reviewer`: a person who can sign in."""

from __future__ import annotations

import getpass
import os
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from agentic.actors import Source, system
from agentic.people import create_person
from agentic.roles import Role

# Their work is in the admin site, which opens for staff only.
STAFF = {Role.ADMIN, Role.AGENT_MANAGER}


class Command(BaseCommand):
    help = "Create a person who can sign in. The password comes from AGENTIC_PASSWORD, or is asked for."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")
        parser.add_argument(
            "--role", action="append", choices=Role.values, default=[], dest="roles"
        )
        parser.add_argument("--email", default="")

    def handle(self, *args: Any, name: str, roles: list[str], email: str, **options: Any) -> None:
        password = os.environ.get("AGENTIC_PASSWORD") or getpass.getpass(f"Password of {name}: ")
        try:
            create_person(
                actor=system(Source.COMMAND),
                name=name,
                password=password,
                email=email,
                is_staff=not STAFF.isdisjoint(roles),
                roles=roles,
            )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        said = ", ".join(roles) or "no role"
        self.stdout.write(self.style.SUCCESS(f"{name} can sign in ({said})."))
