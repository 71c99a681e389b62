"""`manage.py verify_audit`: is the audit log as it was written? In one reading, and little memory."""

from __future__ import annotations

import re
import time
from argparse import ArgumentTypeError
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agentic.audit_chain import HASHED, Link, Row, Unreadable, first_fault
from agentic.models import Audit, AuditHead
from agentic.progress import bar, counting
from agentic.snapshots import one_snapshot

CHUNK = 10_000
ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


class Command(BaseCommand):
    help = "Follow the chain of audits from its beginning. Ends with 1 and names the first row that is not right."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--head", action="store_true", help="print the end of the chain as NUMBER:HASH"
        )
        parser.add_argument(
            "--since",
            action="append",
            default=[],
            type=anchor,
            metavar="NUMBER:HASH",
            help="an earlier head, kept elsewhere: history has to contain it (may be given again)",
        )

    def handle(self, *args: Any, head: bool, since: list[Link], **options: Any) -> None:
        if head and not since:
            self.stdout.write(str(end_of_chain()))
            return
        started = time.monotonic()
        end = self.verified(since)
        if head:
            self.stdout.write(str(end))
            return
        seconds = time.monotonic() - started
        text = f"All as it was written: {end.number} audits, {seconds:.1f} s. Head {end}"
        self.stdout.write(self.style.SUCCESS(text))

    def verified(self, anchors: list[Link]) -> Link:
        """The end of the chain, if all of it holds."""
        with one_snapshot(), bar() as progress:
            end = end_of_chain()
            work = progress.add_task("audits", total=end.number)
            fault = first_fault(counting(rows(), progress, work), end, anchors)
        if fault:
            raise CommandError(f"Audit {fault.number} ({fault.kind}): {fault.text}")
        return end


def rows() -> Iterator[Row]:
    """By number. Unreadable, where a value is none that the platform could have written."""
    read = Audit.objects.order_by("number").values_list(*HASHED, "hash")
    try:
        yield from read.iterator(chunk_size=CHUNK)
    except (ValueError, TypeError, AttributeError) as error:
        raise Unreadable(str(error)) from error


def end_of_chain() -> Link:
    head = AuditHead.objects.values_list("number", "hash").first()
    if head is None:
        raise CommandError("The row that keeps the head of the audit log is not there.")
    return Link(*head)


def anchor(text: str) -> Link:
    found = ANCHOR.fullmatch(text.strip())
    if found is None:
        raise ArgumentTypeError(f"{text!r} is not NUMBER:HASH, as --head prints it")
    return Link(int(found[1]), found[2])
