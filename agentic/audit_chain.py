"""The chain of audits: how each row is bound to the one before it, and where a chain is broken. Asks no database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from agentic.models import GENESIS

# In this order they are hashed; what is not among them is the hash itself.
HASHED = (
    "number", "id", "action", "entity_type", "entity_id", "actor_kind", "actor_id", "actor_label", "user_id", "details",
    "reason", "ip", "source", "correlation_id", "created_at", "previous_hash",
)  # fmt: skip
NUMBER, PREVIOUS, HASH = 0, len(HASHED) - 1, len(HASHED)
Row = Sequence[Any]  # the values of HASHED, in that order, and then the hash


class Link(NamedTuple):
    """A place in the chain: as an anchor, all of history up to it."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


class Seen(NamedTuple):
    """A row that held: its number, the hash that it goes on from, and its own."""

    number: int
    previous: str
    hash: str


class Kind(StrEnum):
    HASH = "hash"  # it does not say what was written
    LINK = "link"  # it does not go on from the row before it
    ORDER = "order"  # here stands another row, or what was here stands elsewhere
    GAP = "gap"  # it is not there, and later ones are
    HEAD = "head"  # the head's row does not go with the last row
    CUT_OFF = "cut off"  # it is not there, nor is any later one
    ANCHOR = "anchor"  # history before it is another one than was anchored
    UNREADABLE = "unreadable"  # it holds what no value of its kind looks like


class Fault(NamedTuple):
    """The first bad row, and what is wrong with it."""

    number: int
    kind: Kind
    text: str


class Unreadable(Exception):
    """The next row cannot be read: raised by whoever brings the rows."""


BEGINNING = Seen(0, "", GENESIS)


def hash_of(values: Mapping[str, Any]) -> str:
    """SHA-256 over all of a row's columns but the hash, in hexadecimal digits."""
    said = [plain(values[name]) for name in HASHED]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def plain(value: Any) -> Any:
    """The same text on both databases, in whatever zone they answer."""
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


def right_hash(row: Row, **other: Any) -> str:
    """What the row's hash has to be; `other` puts other values in place of the row's own."""
    return hash_of({**dict(zip(HASHED, row, strict=False)), **other})


def first_fault(rows: Iterable[Row], head: Link, anchors: Iterable[Link] = ()) -> Fault | None:
    """Where the chain is broken; None when all of it holds. `rows` come by number, and one is kept at a time.

    `anchors` are earlier heads, noted outside of the database.
    """
    last, wanted, left = BEGINNING, by_number(anchors), iter(rows)
    try:
        for row in left:
            if fault := broken(row, last, left, head):
                return fault
            last = Seen(row[NUMBER], row[PREVIOUS], row[HASH])
            if not wanted.get(last.number, set()) <= {last.hash}:
                return rewritten(last)
    except Unreadable as error:
        return Fault(last.number + 1, Kind.UNREADABLE, f"It cannot be read: {error}.")
    return at_the_end(last, head) or out_of_reach(last, wanted)


def by_number(anchors: Iterable[Link]) -> dict[int, set[str]]:
    wanted: dict[int, set[str]] = {0: {GENESIS}}
    for anchor in anchors:
        wanted.setdefault(anchor.number, set()).add(anchor.hash)
    return wanted


def broken(row: Row, last: Seen, following: Iterator[Row], head: Link) -> Fault | None:
    """What is wrong with a row that should follow `last`."""
    number, follows = row[NUMBER], row[PREVIOUS] == last.hash
    if number < last.number + 1:
        return Fault(number, Kind.ORDER, "The numbers begin with 1: it was put in.")
    if number > last.number + 1:
        missing = number - last.number - 1
        return Fault(last.number + 1, Kind.GAP, f"Rows are missing: {missing} before {number}.")
    if right_hash(row) != row[HASH]:
        return moved(row, last, head) or Fault(
            number, Kind.HASH, "It was changed: its hash is that of other contents."
        )
    return None if follows else torn(row, last, following, head)


def moved(row: Row, last: Seen, head: Link) -> Fault | None:
    """Whether the row is a genuine one that stood elsewhere: one further up if the row before it was put in."""
    for number in range(1, head.number + 1):
        if right_hash(row, number=number) == row[HASH]:
            text = f"What was written as row {number} stands as row {row[NUMBER]}."
            put_in = row[PREVIOUS] == last.previous
            return Fault(last.number if put_in else row[NUMBER], Kind.ORDER, text)
    return None


def torn(row: Row, last: Seen, following: Iterator[Row], head: Link) -> Fault:
    """Two rows that are each right in themselves, and not of one chain: what comes next says which is the wrong one."""
    number = row[NUMBER]
    after = next((later[PREVIOUS] for later in following), head.hash)
    if last.number and after == row[HASH]:
        text = f"It was written anew, or one before it, too: row {number} goes on from another."
        return Fault(last.number, Kind.LINK, text)
    return Fault(number, Kind.LINK, f"It does not go on from row {last.number}.")


def at_the_end(last: Seen, head: Link) -> Fault | None:
    """What the head's row says against the last row that is there."""
    if last.number < head.number:
        text = f"Rows are cut off: {head.number - last.number}, up to {head.number}."
        return Fault(last.number + 1, Kind.CUT_OFF, text)
    if last.number > head.number:
        text = f"It was put in past the head, which is {head.number}."
        return Fault(head.number + 1, Kind.HEAD, text)
    if last.hash != head.hash:
        return Fault(last.number, Kind.HEAD, "It is not the row that the head was set to.")
    return None


def rewritten(last: Seen) -> Fault:
    text = "History was written anew up to here, or in some row before: the anchor is another."
    return Fault(last.number, Kind.ANCHOR, text)


def out_of_reach(last: Seen, wanted: Mapping[int, set[str]]) -> Fault | None:
    """Anchors that the chain does not come to, and one that is no beginning."""
    if len(wanted[0]) > 1:
        return Fault(0, Kind.ANCHOR, "No history begins like this anchor.")
    later = [number for number in wanted if number > last.number]
    if later:
        text = f"Rows are cut off, and the head set back: the anchor is row {min(later)}."
        return Fault(last.number + 1, Kind.CUT_OFF, text)
    return None
