"""The only writer of state: a change, its events and what belongs to it, together or not at all.

`move_many` carries out a set of moves, each by a conditional update: a row that somebody else moved first stays as it
is, and its move answers `None`. With the row go its events, further rows and changes to rows that it owns.
PostgreSQL does this in one statement for a whole set (`agentic.statements`), SQLite row by row
(`agentic.portable`); no caller knows. What happened is published once it is committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec
from django.db import connection, transaction

from agentic import live, portable, statements
from agentic.actors import Actor
from agentic.changes import Birth, EventRow, Machine, Move, Written
from agentic.errors import Conflict, IllegalMove
from agentic.events import signature
from agentic.models import Event


def move_many(machine: Machine, moves: Sequence[Move], *, actor: Actor) -> list[Written | None]:
    """Carry out each move whose row is still where it was: one answer per move, in order."""
    for asked in moves:
        check_legal(machine, asked)
    backend = statements if connection.vendor == "postgresql" else portable
    written: list[Written | None] = backend.write_moves(machine, moves, actor)
    publish(machine, [change for change, row in zip(moves, written, strict=True) if row], written)
    return written


def move(machine: Machine, asked: Move, *, actor: Actor) -> Written:
    """Carry out one move; Conflict when somebody was faster, IllegalMove when the table forbids it."""
    (written,) = move_many(machine, [asked], actor=actor)
    if written is None:
        raise Conflict(asked.old, machine.legal[asked.old])
    return written


def create_many(machine: Machine, births: Sequence[Birth], *, actor: Actor) -> list[Written]:
    """Insert new rows with their events."""
    backend = statements if connection.vendor == "postgresql" else portable
    written: list[Written] = backend.write_births(machine, births, actor)
    publish(machine, (), written)  # nobody waits yet for what has just come into being
    return written


def record(row: EventRow, *, actor: Actor) -> None:
    """An event of a thing that has no table of moves, and whose versions the caller counts.

    In a transaction of the caller's, who holds a lock under which no other event of the thing is written.
    """
    event = Event.objects.create(
        id=row.id,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        version=row.version,
        event_type=row.event_type,
        data=msgspec.to_builtins(row.data),
        **signature(actor),
    )
    concerned = {f"{row.entity_type}:{row.entity_id}"}
    transaction.on_commit(partial(live.publish, event.position, concerned))


def check_legal(machine: Machine, asked: Move) -> None:
    state = asked.old
    for hop in asked.path:
        if hop not in machine.legal[state]:
            raise IllegalMove(state, machine.legal[state])
        state = hop


def publish(machine: Machine, done: Sequence[Move], written: Sequence[Written | None]) -> None:
    position = max((row.position for row in written if row and row.position), default=None)
    if position is not None:
        transaction.on_commit(partial(live.publish, position, live.topics(machine, done)))
