"""`manage.py create_user NAME --role reviewer`: a person who can sign in."""

from __future__ import annotations

import getpass
import os
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from agentic.models import User
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
        user = User(username=name, email=email, is_staff=not STAFF.isdisjoint(roles))
        password = os.environ.get("AGENTIC_PASSWORD") or getpass.getpass(f"Password of {name}: ")
        try:
            user.set_password(password)
            user.full_clean()
            validate_password(password, user)
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        with transaction.atomic():
            user.save()
            user.groups.set(Group.objects.filter(name__in=roles))
        said = ", ".join(roles) or "no role"
        self.stdout.write(self.style.SUCCESS(f"{name} can sign in ({said})."))
