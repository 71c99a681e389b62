"""Rows to the database in bulk: by COPY on PostgreSQL, by `executemany` on SQLite. The caller has the transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import msgspec
from django.db import connection, models

from agentic.models import Event
from decisions.seeding.ledger import EVENT_COLUMNS, Row, Said

Values = Sequence[Any]
Convert = Callable[[Any], Any]


def write_rows(model: type[models.Model], rows: Iterable[Row]) -> None:
    """Rows with a value for each of the table's columns, by name."""
    columns = tuple(field.attname for field in model._meta.concrete_fields)
    insert(model, columns, (tuple(row[name] for name in columns) for row in rows))


def write_events(said: Iterable[Said]) -> None:
    """In the order in which they come: the database numbers them, as it does all events."""
    insert(Event, EVENT_COLUMNS, said)


def insert(model: type[models.Model], columns: Values, rows: Iterable[Values]) -> None:
    into = f"{model._meta.db_table} ({', '.join(columns)})"
    values = converted(rows, tuple(stored(model, name) for name in columns))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                for row in values:
                    copy.write_row(row)
        else:
            marks = ", ".join(["%s"] * len(columns))
            # Names of our own models; the values travel as parameters.
            cursor.executemany(f"INSERT INTO {into} VALUES ({marks})", list(values))  # noqa: S608


def converted(rows: Iterable[Values], converts: tuple[Convert, ...]) -> Iterator[Values]:
    for row in rows:
        yield [
            None if value is None else convert(value)
            for value, convert in zip(row, converts, strict=True)
        ]


@cache
def stored(model: type[models.Model], name: str) -> Convert:
    """How a value of this column goes to either database."""
    field: Any = model._meta.get_field(name)
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    for kind, convert in CONVERTS.items():
        if isinstance(field, kind):
            return convert
    return as_it_is


def as_it_is(value: Any) -> Any:
    return value


def as_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def as_digits(value: Any) -> str:
    """An id without hyphens, which both databases read."""
    return value.hex  # type: ignore[no-any-return]


def as_moment(value: datetime) -> str:
    """In UTC, as every moment here is; SQLite compares such texts, and so needs all their digits."""
    return value.isoformat(" ", "microseconds")[:26]


CONVERTS: dict[Any, Convert] = {
    models.JSONField: as_json,
    models.UUIDField: as_digits,
    models.DateTimeField: as_moment,
    models.CharField: str,
    models.TextField: str,
}
