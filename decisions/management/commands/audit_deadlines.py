"""`manage.py audit_deadlines`: is any open task overdue, or escalated and on no list? Fails if so."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from decisions.auditor import GRACE, SHOWN, Findings, audit


class Command(BaseCommand):
    help = "Look for open tasks that nobody looked at in time. Ends with 1 when there are any."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = audit()
        if not findings.clean:
            raise CommandError("\n".join(complaints(findings)))
        self.stdout.write(self.style.SUCCESS("No open task is overdue, and none is out of sight."))


def complaints(findings: Findings) -> Iterator[str]:
    seconds = int(GRACE.total_seconds())
    for text, ids in (
        (f"overdue by {seconds} s or more", findings.overdue),
        ("escalated, and on no list of escalations", findings.unlisted),
        ("impossible to move", findings.stuck),
    ):
        if ids:
            count = f"{len(ids)} or more" if len(ids) == SHOWN else str(len(ids))
            yield f"{count} {text}: {', '.join(map(str, ids))}"
