"""Look-ups on a hot path: their SQL is built once per process, as building it costs more than running it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import JSONField, QuerySet, UUIDField
from psycopg.sql import Literal

from agentic.arrays import array
from agentic.fetching import fetched, read_json, read_jsonb

# They stand in the query for the value that each look-up brings: a text, or an id.
ASKED = "\N{WHITE QUESTION MARK ORNAMENT}asked"
ASKED_ID = UUID("ffffffff-ffff-4fff-8fff-ffffffffffff")
ID = UUIDField()
ONE_OF, ANY_OF = "IN (%s)", "= ANY(%s::uuid[])"

Row = Sequence[Any]
Converters = list[tuple[int, list[Callable[[Any], Any]]]]  # by a column's place in the row


class Built(NamedTuple):
    sql: str
    params: tuple[Any, ...]
    places: tuple[int, ...]  # of the asked value among the parameters
    converters: Converters
    takes_ids: bool


class FixedQuery:
    """`rows` makes the query with `ASKED` or `ASKED_ID` as a parameter; `all` and `first` run it with a value there."""

    def __init__(self, rows: Callable[[], QuerySet[Any, Any]]) -> None:
        self.rows = rows

    @cached_property
    def built(self) -> Built:
        sql, params, converters = compiled(self.rows())
        slots = (ASKED, prepared(ASKED_ID))
        if connection.vendor == "postgresql":
            sql, params = with_constants(sql, params, slots)
        places = tuple(place for place, param in enumerate(params) if param in slots)
        takes_ids = connection.features.has_native_uuid_field
        return Built(sql, tuple(params), places, converters, takes_ids)

    def all(self, asked: str | UUID = "") -> list[Row]:
        return self.run(self.built.sql, asked if self.built.takes_ids else prepared(asked))

    def first(self, asked: str | UUID = "") -> Row | None:
        found = self.all(asked)
        return found[0] if found else None

    def run(self, sql: str, value: Any) -> list[Row]:
        params = list(self.built.params)
        for place in self.built.places:
            params[place] = value
        return converted(fetched(sql, params), self.built.converters)


class FixedSet:
    """The same for a set of ids: `rows(ids)` makes the query, in which they stand as `pk__in=ids`."""

    def __init__(self, rows: Callable[[Sequence[UUID]], QuerySet[Any, Any]]) -> None:
        self.rows = rows
        self.one = FixedQuery(lambda: rows([ASKED_ID]))

    @cached_property
    def for_many(self) -> str:
        """The statement for however many ids; only PostgreSQL takes them as one parameter."""
        return self.one.built.sql.replace(ONE_OF, ANY_OF)

    def of(self, ids: Sequence[UUID]) -> list[Row]:
        if len(ids) == 1:
            return self.one.all(ids[0])
        if connection.vendor != "postgresql":
            return list(self.rows(ids))
        return self.one.run(self.for_many, array(ids)) if ids else []


def read(rows: QuerySet[Any, Any]) -> list[Row]:
    """A query of another text each time: built as Django does it, and read as those above."""
    try:
        sql, params, converters = compiled(rows)
    except EmptyResultSet:  # Django sees that nothing can match
        return []
    return converted(fetched(sql, params), converters)


def compiled(rows: QuerySet[Any, Any]) -> tuple[str, Sequence[Any], Converters]:
    compiler = rows.query.get_compiler(connection=connection)
    sql, params = compiler.as_sql()
    found = compiler.get_converters([column for column, _, _ in compiler.select])
    return sql, params, [(place, steps(*converter)) for place, converter in found.items()]


def steps(functions: list[Callable[..., Any]], expression: Any) -> list[Callable[[Any], Any]]:
    """What Django does to a column's values; JSON is read by the quicker reader."""
    if isinstance(expression.output_field, JSONField):
        return [read_jsonb if connection.vendor == "postgresql" else read_json]
    return [bound(function, expression) for function in functions]


def bound(function: Callable[..., Any], expression: Any) -> Callable[[Any], Any]:
    return lambda value: function(value, expression, connection)


def converted(found: list[tuple[Any, ...]], converters: Converters) -> list[Row]:
    if not converters:
        return list(found)
    rows: list[Any] = [list(row) for row in found]
    for place, functions in converters:
        for function in functions:
            for row in rows:
                row[place] = function(row[place])
    return rows


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
