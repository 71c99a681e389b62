"""PostgreSQL: carries out a set of changes with one statement per shape (`agentic.sql` has the text)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from django.db import connection, models

from agentic.actors import Actor
from agentic.changes import Birth, Insert, Machine, Move, Patch, Written
from agentic.events import rows_of
from agentic.sql import HAPPENED, Rows, Shape, is_json, statement

Owned = tuple[UUID, Insert | Patch]


class Batch(NamedTuple):
    """Changes that one statement carries, and their further rows."""

    shape: Shape
    changes: list[Any]
    further: dict[Rows, list[Owned]]


def write_moves(machine: Machine, moves: Sequence[Move], actor: Actor) -> list[Written | None]:
    written: dict[UUID, Written] = {}
    for batch in batches(machine, moves, machine.column):
        heads = [(m.pk, m.old, m.version, m.new, m.new_version) for m in batch.changes]
        written |= run(machine, batch, heads, actor)
    return [written.get(move.pk) for move in moves]


def write_births(machine: Machine, births: Sequence[Birth], actor: Actor) -> list[Written]:
    written: dict[UUID, Written] = {}
    for batch in batches(machine, births, ""):
        written |= run(machine, batch, [(b.pk, b.new_version) for b in batch.changes], actor)
    return [written[birth.pk] for birth in births]


def batches(
    machine: Machine, changes: Iterable[Move | Birth], state_column: str
) -> Iterator[Batch]:
    groups: dict[tuple[tuple[str, ...], bool], list[Move | Birth]] = defaultdict(list)
    for change in changes:
        groups[tuple(change.values), change.only_if_due].append(change)
    for (columns, only_if_due), group in groups.items():
        further = further_rows(group)
        yield Batch(
            Shape(machine.model, state_column, columns, only_if_due, tuple(further)), group, further
        )


def further_rows(changes: Iterable[Move | Birth]) -> dict[Rows, list[Owned]]:
    further: dict[Rows, list[Owned]] = defaultdict(list)
    for change in changes:
        for row in change.also:
            further[Rows(row.model, tuple(row.values), isinstance(row, Patch))].append(
                (change.pk, row)
            )
    return further


def run(
    machine: Machine, batch: Batch, heads: list[tuple[Any, ...]], actor: Actor
) -> dict[UUID, Written]:
    """Carry out the batch; the rows that changed, each with its last own event."""
    params = transposed(heads, width=len(heads[0]))
    params += arrays(
        machine.model, batch.shape.columns, [change.values for change in batch.changes]
    )
    for rows, owned in batch.further.items():
        params += further_params(rows, owned)
    params += (
        actor.kind, actor.id, actor.label, actor.user_id, actor.source, actor.correlation_id, actor.traceparent,
    )  # fmt: skip
    events = [row for change in batch.changes for row in rows_of(machine.entity, change)]
    params += transposed(
        [(*event[:-1], as_json(event.data)) for event in events], width=len(HAPPENED)
    )
    with connection.cursor() as cursor:
        cursor.execute(statement(batch.shape), [as_sent(param) for param in params])
        return with_last_event(Written(*row) for row in cursor.fetchall())


def with_last_event(rows: Iterable[Written]) -> dict[UUID, Written]:
    """Each changed row, without a position, and the event that brought it to its version, if there was one."""
    changed: list[Written] = []
    said: dict[tuple[UUID, int], Written] = {}
    for row in rows:
        if row.position is None:
            changed.append(row)
        else:
            said[row.pk, row.version] = row
    return {row.pk: said.get((row.pk, row.version), row) for row in changed}


def further_params(rows: Rows, owned: list[Owned]) -> list[Any]:
    params: list[Any] = [[owner for owner, _ in owned]]
    if rows.is_patch:
        params.append([row.pk for _, row in owned if isinstance(row, Patch)])
    return params + arrays(rows.model, rows.columns, [row.values for _, row in owned])


def arrays(
    model: type[models.Model], names: Sequence[str], rows: list[dict[str, Any]]
) -> list[list[Any]]:
    """One array per column, JSON as text."""
    return [
        [as_json(row[name]) for row in rows]
        if is_json(model, name)
        else [row[name] for row in rows]
        for name in names
    ]


def transposed(rows: list[tuple[Any, ...]], *, width: int) -> list[Any]:
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def as_sent(param: Any) -> Any:
    """An array as PostgreSQL's text for it: the driver takes several times as long over each element."""
    return f"{{{','.join(map(element, param))}}}" if isinstance(param, list) else param


def element(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    return str(value)


def as_json(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
