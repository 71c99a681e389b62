"""A look-up on a hot path: its SQL is built once per process, as building it costs more than running it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, UUIDField
from psycopg.sql import Literal

# They stand in the query for the value that each look-up brings: a text, or an id.
ASKED = "\N{WHITE QUESTION MARK ORNAMENT}asked"
ASKED_ID = UUID("ffffffff-ffff-4fff-8fff-ffffffffffff")
ID = UUIDField()


class Built(NamedTuple):
    sql: str
    params: tuple[Any, ...]
    places: tuple[int, ...]  # of the asked value among the parameters
    converters: list[tuple[int, tuple[list[Callable[..., Any]], Any]]]


class FixedQuery:
    """`rows` makes the query with `ASKED` or `ASKED_ID` as a parameter; `all` and `first` run it with a value there."""

    def __init__(self, rows: Callable[[], QuerySet[Any, Any]]) -> None:
        self.rows = rows

    @cached_property
    def built(self) -> Built:
        compiler = self.rows().query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        converters = compiler.get_converters([column for column, _, _ in compiler.select])
        slots = (ASKED, prepared(ASKED_ID))
        if connection.vendor == "postgresql":
            sql, params = with_constants(sql, params, slots)
        places = tuple(place for place, param in enumerate(params) if param in slots)
        return Built(sql, tuple(params), places, list(converters.items()))

    def all(self, asked: str | UUID = "") -> list[list[Any]]:
        built = self.built
        params, value = list(built.params), prepared(asked)
        for place in built.places:
            params[place] = value
        with connection.cursor() as cursor:
            cursor.execute(built.sql, params)
            found = [list(row) for row in cursor.fetchall()]
        for place, (functions, expression) in built.converters:
            for values in found:
                for function in functions:
                    values[place] = function(values[place], expression, connection)
        return found

    def first(self, asked: str | UUID = "") -> list[Any] | None:
        found = self.all(asked)
        return found[0] if found else None


def with_constants(
    text: str, params: Sequence[Any], slots: tuple[Any, ...]
) -> tuple[str, list[Any]]:
    """What never differs stands in the text: a plan that is kept can then rest on an index with a condition."""
    head, *rest = text.split("%s")
    for param, part in zip(params, rest, strict=True):
        head += "%s" if param in slots else Literal(param).as_string().replace("%", "%%")
        head += part
    return head, [param for param in params if param in slots]


def prepared(asked: str | UUID) -> Any:
    """As this database takes it."""
    return ID.get_db_prep_value(asked, connection) if isinstance(asked, UUID) else asked
