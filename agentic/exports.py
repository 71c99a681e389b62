"""Rows as lines of a file: CSV for people, and of the audit log JSON lines for whoever checks the chain elsewhere."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import msgspec

from agentic.audit_chain import HASHED, Row, plain

COLUMNS = (*HASHED, "hash")
# A spreadsheet takes what begins like this for a formula, and carries it out.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Handing:
    """A file that hands each line back to whoever writes it."""

    def write(self, line: str) -> str:
        return line


def csv_lines(rows: Iterable[Row], columns: Sequence[str] = COLUMNS) -> Iterator[str]:
    """The names of the columns first. A text that could be a formula has an apostrophe before it."""
    writer: Any = csv.writer(Handing())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([harmless(plain(value)) for value in row])


def harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def json_lines(rows: Iterable[Row]) -> Iterator[str]:
    """Each row with all that its hash covers, to the letter: `details` is the text that was written."""
    for row in rows:
        said = dict(zip(COLUMNS, map(plain, row), strict=True))
        yield msgspec.json.encode(said).decode() + "\n"


FORMATS: dict[str, Callable[[Iterable[Row]], Iterator[str]]] = {
    "csv": csv_lines,
    "jsonl": json_lines,
}
