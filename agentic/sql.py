"""PostgreSQL's text for a set of changes: rows, further rows and events in one statement.

The text depends on the shape of the changes alone and is built once for each. Values travel as one array per column.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from django.db import models

ARRAY_TYPES = {
    "UUIDField": "uuid",
    "DateTimeField": "timestamptz",
    "FloatField": "float8",
    "BooleanField": "boolean",
    "SmallIntegerField": "bigint",
    "PositiveSmallIntegerField": "bigint",
    "IntegerField": "bigint",
    "PositiveIntegerField": "bigint",
}
MOVED = (
    ("pk", "uuid"),
    ("was", "text"),
    ("old_version", "bigint"),
    ("becomes", "text"),
    ("new_version", "bigint"),
)
BORN = (("pk", "uuid"), ("new_version", "bigint"))
HAPPENED = (
    ("owner", "uuid"), ("id", "uuid"), ("entity_type", "text"), ("entity_id", "uuid"), ("version", "bigint"),
    ("event_type", "text"), ("data", "text"),
)  # fmt: skip
ACTOR_COLUMNS = (
    "actor_kind",
    "actor_id",
    "actor_label",
    "user_id",
    "source",
    "correlation_id",
    "traceparent",
)
# The state is compared so that no index serves it: a row is found by its id, whatever the planner has heard of states.
UPDATE_SQL = """
changed AS (
    UPDATE {table} t SET {state} = becomes, version = new_version{values} FROM asked
    WHERE t.id = pk AND t.{state} IS NOT DISTINCT FROM was AND t.version = old_version{due}{only_if}
    RETURNING pk, new_version
)
"""
INSERT_SQL = """
changed AS (
    INSERT INTO {table} ({columns}) SELECT {values} FROM {asked} RETURNING id AS pk, version AS new_version
)
"""
EVENTS_SQL = """
said AS (
    INSERT INTO events (id, entity_type, entity_id, version, event_type, data, {actor})
    SELECT h.id, h.entity_type, h.entity_id, h.version, h.event_type, h.data::jsonb, {values}
    FROM {happened} JOIN changed ON changed.pk = h.owner ORDER BY h.place
    RETURNING entity_id, version, position, created_at
)
"""
# A row that changed is known by its own event, and where there is none by itself.
BY_EVENT_SQL = "SELECT entity_id, version, position, created_at FROM said"
BY_ROW_SQL = "SELECT pk, new_version, NULL::bigint, NULL::timestamptz FROM changed"


class Rows(NamedTuple):
    """Rows of one table that are written along, all with the same columns."""

    model: type[models.Model]
    columns: tuple[str, ...]
    is_patch: bool


class Shape(NamedTuple):
    """All that a statement's text depends on."""

    model: type[models.Model]
    state_column: str  # empty for new rows
    columns: tuple[str, ...]
    only_if: str  # SQL about `{row}`
    only_if_due: bool
    says: bool  # each change has an event of its own
    further: tuple[Rows, ...]


@lru_cache(maxsize=512)
def statement(shape: Shape) -> str:
    head = updated(shape) if shape.state_column else inserted(shape)
    along = [
        patched(rows, n) if rows.is_patch else added(rows, n)
        for n, rows in enumerate(shape.further)
    ]
    casts = ("text", "uuid", "text", "uuid", "text", "text", "text")
    events = EVENTS_SQL.format(
        actor=", ".join(ACTOR_COLUMNS),
        values=", ".join(f"%s::{cast}" for cast in casts),
        happened=unnest("h", HAPPENED, ordered=True),
    )
    found = BY_EVENT_SQL if shape.says else BY_ROW_SQL
    return f"WITH {', '.join([*head, *along, events])}{found}"


def updated(shape: Shape) -> list[str]:
    moved = UPDATE_SQL.format(
        table=shape.model._meta.db_table,
        state=shape.state_column,
        values=assigned(shape.model, shape.columns),
        due=" AND t.due_at <= statement_timestamp()" if shape.only_if_due else "",
        only_if=f" AND {shape.only_if.format(row='t')}" if shape.only_if else "",
    )
    asked = unnest("a", (*MOVED, *typed(shape.model, shape.columns)))
    return [f"asked AS (SELECT * FROM {asked})", moved]


def inserted(shape: Shape) -> list[str]:
    born = INSERT_SQL.format(
        table=shape.model._meta.db_table,
        columns=", ".join(("id", "version", *shape.columns)),
        values=", ".join(("pk", "new_version", *valued(shape.model, shape.columns))),
        asked=unnest("a", (*BORN, *typed(shape.model, shape.columns))),
    )
    return [born]


def added(rows: Rows, number: int) -> str:
    columns = (("owner", "uuid"), *typed(rows.model, rows.columns))
    values = ", ".join(valued(rows.model, rows.columns))
    return (
        f"added_{number} AS (INSERT INTO {rows.model._meta.db_table} ({', '.join(rows.columns)}) "
        f"SELECT {values} FROM {unnest('a', columns)} JOIN changed ON changed.pk = a.owner)"
    )


def patched(rows: Rows, number: int) -> str:
    columns = (("owner", "uuid"), ("target", "uuid"), *typed(rows.model, rows.columns))
    sets = assigned(rows.model, rows.columns).removeprefix(", ")
    return (
        f"patched_{number} AS (UPDATE {rows.model._meta.db_table} t SET {sets} "
        f"FROM {unnest('a', columns)} JOIN changed ON changed.pk = a.owner WHERE t.id = a.target)"
    )


def assigned(model: type[models.Model], names: Sequence[str]) -> str:
    return "".join(
        f", {name} = {value}" for name, value in zip(names, valued(model, names), strict=True)
    )


def unnest(alias: str, columns: Iterable[tuple[str, str]], *, ordered: bool = False) -> str:
    """A table out of one array parameter per column; `ordered` adds each row's place."""
    columns = list(columns)
    names = [name for name, _ in columns]
    arrays = ", ".join(f"%s::{kind}[]" for _, kind in columns)
    place = (" WITH ORDINALITY", ", place") if ordered else ("", "")
    return f"unnest({arrays}){place[0]} AS {alias}({', '.join(names)}{place[1]})"


def typed(model: type[models.Model], names: Sequence[str]) -> list[tuple[str, str]]:
    """The table's columns as arrays, with an underscore so that they never meet a name of ours."""
    return [(f"_{name}", array_type(model, name)) for name in names]


def valued(model: type[models.Model], names: Sequence[str]) -> list[str]:
    return [f"_{name}::jsonb" if is_json(model, name) else f"_{name}" for name in names]


@lru_cache
def is_json(model: type[models.Model], name: str) -> bool:
    return isinstance(model._meta.get_field(name), models.JSONField)


def array_type(model: type[models.Model], name: str) -> str:
    field = model._meta.get_field(name)
    while isinstance(field, models.ForeignKey):
        field = field.target_field
    return ARRAY_TYPES.get(field.get_internal_type(), "text")
