"""Moves carried out in memory: the rows and events that `agentic.transitions` would have left in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any
from uuid import UUID

from django.db import models

from agentic.actors import Actor
from agentic.changes import Birth, Insert, Machine, Move
from agentic.events import signature, told_by
from agentic.transitions import check_legal
from decisions.models import Decision
from decisions.seeding.chance import Chance

Row = dict[str, Any]
EVENT_COLUMNS = (
    "created_at", "id", "entity_type", "entity_id", "version", "event_type", "data", "actor_kind", "actor_id",
    "actor_label", "user_id", "source", "correlation_id", "traceparent",
)  # fmt: skip
Said = tuple[Any, ...]  # the values of EVENT_COLUMNS


@cache
def blank(model: type[models.Model]) -> Row:
    """A row as the model's defaults make it."""
    fields = model._meta.concrete_fields
    return {f.attname: f.get_default() if f.has_default() else None for f in fields}


@cache
def signed(actor: Actor) -> tuple[Any, ...]:
    return tuple(signature(actor).values())


class Ledger:
    """What has happened so far and is not written yet: rows by table, and events."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self.rows: dict[type[models.Model], dict[UUID, Row]] = defaultdict(dict)
        self.said: list[Said] = []

    def bear(self, machine: Machine, birth: Birth, at: datetime, actor: Actor) -> Row:
        first = {**birth.values, "id": birth.pk, "version": birth.new_version, "created_at": at}
        row = self.rows[machine.model][birth.pk] = blank(machine.model) | first
        self.tell(machine, birth, at, actor)
        return row

    def carry_out(self, machine: Machine, move: Move, at: datetime, actor: Actor) -> None:
        check_legal(machine, move)
        row = self.rows[machine.model][move.pk]
        row |= {**move.values, machine.column: move.new, "version": move.new_version}
        for change in move.also:
            if isinstance(change, Insert):
                self.add(change, at)
            else:
                self.rows[change.model][change.pk] |= change.values
        self.tell(machine, move, at, actor)

    def add(self, insert: Insert, at: datetime) -> None:
        values = insert.values
        if insert.model is not Decision:  # that one has been given its own: events speak of it
            values["id"] = self.chance.id(at)
        if "lease_token" in values:
            values["lease_token"] = self.chance.id(at)
        self.rows[insert.model][values["id"]] = blank(insert.model) | values

    def tell(self, machine: Machine, change: Move | Birth, at: datetime, actor: Actor) -> None:
        for _, kind, entity, version, said, data in told_by(machine.entity, change):
            told = (at, self.chance.id(at), kind, entity, version, said, data)
            self.said.append(told + signed(actor))

    def take_rows(self) -> dict[type[models.Model], Iterable[Row]]:
        """What is there by now, by table; the ledger has it no more."""
        rows, self.rows = self.rows, defaultdict(dict)
        return {model: found.values() for model, found in rows.items()}

    def take_said(self, until: datetime) -> Iterator[Said]:
        """In the order in which it happened, what did by then."""
        self.said.sort(key=itemgetter(0))
        place = next((n for n, said in enumerate(self.said) if said[0] > until), len(self.said))
        taken, self.said = self.said[:place], self.said[place:]
        return iter(taken)
