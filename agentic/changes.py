"""The words in which a change of state is said. `agentic.transitions` carries it out.

Most are structs, made in a third of the time that a dataclass or a named tuple takes: sets have thousands of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

import msgspec
from django.db import models


@dataclass(frozen=True, slots=True, eq=False)
class Machine:
    """A table whose rows have a state, and the table of moves that are legal in it.

    With `only_if`, SQL about `{row}`, a row of which that does not hold stays as it is: the same statement looks and
    writes, so that nothing comes in between.
    """

    entity: str
    model: type[models.Model]
    legal: Mapping[str, frozenset[str]]
    column: str = "state"
    only_if: str = ""


class Happening(msgspec.Struct, frozen=True):
    """An event to be written. Without an entity it is the moved row's own, and counts its version on."""

    event_type: str
    data: dict[str, Any]
    entity_type: str = ""
    entity_id: UUID | None = None
    version: int = 0


class Insert(msgspec.Struct, frozen=True):
    """A row that comes into being with the change; `values` by attribute name."""

    model: type[models.Model]
    values: dict[str, Any]


class Patch(msgspec.Struct, frozen=True):
    """A row that belongs to the changed one, and changes with it."""

    model: type[models.Model]
    pk: UUID
    values: dict[str, Any]


class Move(msgspec.Struct):
    """One row's way from `old` (at `version`) along `path`, with one own event for each hop at least.

    With an empty path the state stays: an event that changes no state, or with no event either a renewed deadline.
    `values` are the row's other columns. With `only_if_due` the row moves only if its `due_at` is still past: a lease
    that was renewed a moment ago is not taken away.
    """

    pk: UUID
    old: str
    version: int
    path: tuple[str, ...]
    events: list[Happening]
    values: dict[str, Any] = {}
    also: tuple[Insert | Patch, ...] = ()
    only_if_due: bool = False

    @property
    def new(self) -> str:
        return self.path[-1] if self.path else self.old

    @property
    def new_version(self) -> int:
        return self.version + own(self.events)


class Birth(msgspec.Struct):
    """A new row with its first events; `values` holds the first state too, where it is not the column's default."""

    pk: UUID
    values: dict[str, Any]
    events: list[Happening]
    also: tuple[Insert | Patch, ...] = ()

    version: ClassVar[int] = 0
    only_if_due: ClassVar[bool] = False

    @property
    def new_version(self) -> int:
        return own(self.events)


def own(events: list[Happening]) -> int:
    """How many of these events are the changed row's own."""
    return [event.entity_type for event in events].count("")


class Written(NamedTuple):
    """What a change left in the store: the row's version, and position and time of its last own event, if any."""

    pk: UUID
    version: int
    position: int | None
    at: datetime | None


class EventRow(NamedTuple):
    """An event as it is stored, with the row that it hangs on."""

    owner: UUID
    id: UUID
    entity_type: str
    entity_id: UUID
    version: int
    event_type: str
    data: dict[str, Any]
