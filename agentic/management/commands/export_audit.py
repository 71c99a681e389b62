"""`manage.py export_audit`: the audit log as CSV or JSON lines, row by row. The export is itself an audit."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agentic.actors import Source, system
from agentic.audits import record
from agentic.exports import COLUMNS, FORMATS
from agentic.models import Audit
from agentic.progress import bar, counting
from agentic.vocabulary import AuditAction

CHUNK = 2_000


class Command(BaseCommand):
    help = "Write the audit log as CSV or JSON lines, to the standard output or a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--format", choices=sorted(FORMATS), default="jsonl", dest="kind")
        parser.add_argument(
            "--since-number", type=int, default=0, help="only audits with a number above this one"
        )
        parser.add_argument("--output", type=Path, help="a file, which only its owner can read")

    def handle(
        self, *args: Any, kind: str, since_number: int, output: Path | None, **options: Any
    ) -> None:
        # Written before the first line leaves, so that no export goes untold; it is the last line of its own file.
        told = record(
            AuditAction.EXPORTED,
            actor=system(Source.COMMAND),
            entity_type="audit",
            format=kind,
            since_number=since_number,
            output=output.name if output else "standard output",
        )
        asked = Audit.objects.filter(number__gt=since_number, number__lte=told.number)
        with opened(output, self.stdout) as file, bar() as progress:
            work = progress.add_task("audits", total=max(0, told.number - since_number))
            rows = asked.order_by("number").values_list(*COLUMNS).iterator(chunk_size=CHUNK)
            file.writelines(FORMATS[kind](counting(rows, progress, work)))
        self.stderr.write(f"Up to audit {told.number}:{told.hash}", self.style.SUCCESS)


@contextmanager
def opened(path: Path | None, otherwise: Any) -> Iterator[Any]:
    """The file, which has its name only once it is whole; without one, the other."""
    if path is None:
        yield otherwise
        return
    new = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(
            os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", newline=""
        ) as file:
            yield file
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    new.replace(path)
