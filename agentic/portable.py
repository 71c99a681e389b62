"""SQLite: the same changes row by row, in one transaction. There is one writer, so nothing is lost by it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

import msgspec
from django.db import IntegrityError, models, transaction
from django.db.models.expressions import RawSQL
from django.utils import timezone

from agentic.actors import Actor
from agentic.changes import Birth, Insert, Machine, Move, Written
from agentic.clock import database_now
from agentic.events import signature, told_by
from agentic.models import Event


@transaction.atomic
def write_moves(machine: Machine, moves: Sequence[Move], actor: Actor) -> list[Written | None]:
    moved = [move for move in moves if update(machine, move)]
    written = {row.pk: row for row in write_with(machine, moved, actor)}
    return [written.get(move.pk) for move in moves]


@transaction.atomic
def write_births(machine: Machine, births: Sequence[Birth], actor: Actor) -> list[Written]:
    for birth in births:
        refuse_gaps(machine.model, {"id", "version", machine.column, *birth.values})
    # SQLite's own default has fewer digits than values have: as texts they would not compare (`agentic.clock`).
    now = dict.fromkeys(moments(machine.model), database_now())
    machine.model._default_manager.bulk_create(
        machine.model(pk=birth.pk, version=birth.new_version, **{**now, **birth.values})
        for birth in births
    )
    return write_with(machine, births, actor)


@lru_cache
def moments(model: type[models.Model]) -> tuple[str, ...]:
    """The columns that hold the time of their making."""
    fields = model._meta.concrete_fields
    return tuple(
        f.attname for f in fields if isinstance(f, models.DateTimeField) and f.has_db_default()
    )


def refuse_gaps(model: type[models.Model], named: Collection[str]) -> None:
    """As PostgreSQL would: there only the database's own defaults count, not those of the model."""
    gaps = needed(model).difference(named)
    if gaps:
        raise IntegrityError(f"{model._meta.db_table}: no value for {', '.join(sorted(gaps))}")


@lru_cache
def needed(model: type[models.Model]) -> frozenset[str]:
    fields = model._meta.concrete_fields
    return frozenset(f.attname for f in fields if not f.null and not f.has_db_default())


def update(machine: Machine, move: Move) -> bool:
    rows = machine.model._default_manager.filter(
        **{"pk": move.pk, machine.column: move.old, "version": move.version}
    )
    if move.only_if_due:
        rows = rows.filter(due_at__lte=timezone.now())
    if machine.only_if:
        # A constant of the machine's; nothing comes from outside.
        text = machine.only_if.format(row=machine.model._meta.db_table)
        rows = rows.filter(RawSQL(text, (), output_field=models.BooleanField()))  # noqa: S611
    return bool(
        rows.update(**{machine.column: move.new, "version": move.new_version}, **move.values)
    )


def write_with(machine: Machine, changes: Sequence[Move | Birth], actor: Actor) -> list[Written]:
    """The further rows and the events of changes whose own row is written."""
    inserts: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for row in (row for change in changes for row in change.also):
        if isinstance(row, Insert):
            refuse_gaps(row.model, row.values)
            inserts[row.model].append(row.model(**row.values))
        else:
            row.model._default_manager.filter(pk=row.pk).update(**row.values)
    for model, rows in inserts.items():
        model._default_manager.bulk_create(rows)
    return write_events(machine, changes, actor)


def write_events(machine: Machine, changes: Sequence[Move | Birth], actor: Actor) -> list[Written]:
    now = timezone.now()
    signed: dict[str, Any] = {**signature(actor), "created_at": now}
    events = Event.objects.bulk_create(
        Event(
            entity_type=entity_type,
            entity_id=entity_id,
            version=version,
            event_type=event_type,
            data=msgspec.to_builtins(data),
            **signed,
        )
        for change in changes
        for _, entity_type, entity_id, version, event_type, data in told_by(machine.entity, change)
    )
    last = {(event.entity_type, event.entity_id): event.position for event in events}
    positions = [last.get((machine.entity, change.pk)) for change in changes]
    return [
        Written(change.pk, change.new_version, position, now if position else None)
        for change, position in zip(changes, positions, strict=True)
    ]
