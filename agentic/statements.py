"""PostgreSQL: carries out a set of changes with one statement per shape (`agentic.sql` has the text)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

from django.db import models

from agentic.actors import Actor
from agentic.arrays import array, array_of_documents
from agentic.changes import Birth, Insert, Machine, Move, Patch, Written
from agentic.events import signature, told_by
from agentic.fetching import fetched
from agentic.ids import new_id_as_text
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
    groups: dict[Any, list[Move | Birth]] = defaultdict(list)
    for change in changes:
        says = change.new_version > change.version
        groups[tuple(change.values), change.only_if_due, says].append(change)
    for (columns, only_if_due, says), group in groups.items():
        further = further_rows(group)
        kind = (machine.model, state_column, columns, machine.only_if, only_if_due, says)
        yield Batch(Shape(*kind, tuple(further)), group, further)


def further_rows(changes: Iterable[Move | Birth]) -> dict[Rows, list[Owned]]:
    groups: dict[Any, list[Owned]] = defaultdict(list)
    for change in changes:
        for row in change.also:
            groups[type(row), row.model, *row.values].append((change.pk, row))
    return {
        Rows(model, tuple(columns), kind is Patch): owned
        for (kind, model, *columns), owned in groups.items()
    }


def run(
    machine: Machine, batch: Batch, heads: list[tuple[Any, ...]], actor: Actor
) -> dict[UUID, Written]:
    """Carry out the batch; the rows that changed, each with its last own event."""
    params = [array(column) for column in transposed(heads, width=len(heads[0]))]
    params += arrays(
        machine.model, batch.shape.columns, [change.values for change in batch.changes]
    )
    for rows, owned in batch.further.items():
        params += further_params(rows, owned)
    params += signature(actor).values()
    params += event_params(machine, batch.changes)
    found = fetched(statement(batch.shape), params)
    # Of several events of one row the last one counts.
    return {row[0]: Written._make(row) for row in sorted(found, key=itemgetter(1))}


def event_params(machine: Machine, changes: Iterable[Move | Birth]) -> list[str]:
    """In the order of HAPPENED."""
    events = [event for change in changes for event in told_by(machine.entity, change)]
    owners, *about, data = transposed(events, width=len(HAPPENED) - 1)
    ids = [new_id_as_text() for _ in events]
    return [*map(array, (owners, ids, *about)), array_of_documents(data)]


def further_params(rows: Rows, owned: list[Owned]) -> list[Any]:
    params: list[Any] = [array([owner for owner, _ in owned])]
    if rows.is_patch:
        params.append(array([row.pk for _, row in owned if isinstance(row, Patch)]))
    return params + arrays(rows.model, rows.columns, [row.values for _, row in owned])


def arrays(
    model: type[models.Model], names: Sequence[str], rows: list[dict[str, Any]]
) -> list[str]:
    """One array per column, JSON as text."""
    # The rows were brought together by their names, in this order.
    columns = zip(*(row.values() for row in rows), strict=True)
    return [
        array_of_documents(values) if is_json(model, name) else array(values)
        for name, values in zip(names, columns, strict=True)
    ]


def transposed(rows: Sequence[tuple[Any, ...]], *, width: int) -> list[Sequence[Any]]:
    return list(zip(*rows, strict=True)) or [()] * width
