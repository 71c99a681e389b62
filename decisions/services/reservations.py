"""Who is looking at a decision: told to the others, so that two people do not think about the same thing.

A reservation is advice. It ends by itself, and whoever decides first has decided, reserved or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction

from agentic.actors import Actor
from agentic.changes import Happening, Move
from agentic.clock import database_now
from agentic.errors import Conflict, NotAllowed, NotFound
from agentic.models import User
from agentic.transitions import move, move_many
from agentic.vocabulary import EventType as Said
from decisions.models import DECISIONS, Decision
from decisions.states import DECISION_LEGAL, DecisionStatus
from decisions.work import lock_rows

FIELDS = ("id", "task_id", "status", "version", "reserved_by_id", "reserved_until")
# What a decision has that nobody looks at.
NOBODY: dict[str, Any] = {"reserved_by_id": None, "reserved_until": None}


class Reserved(Conflict):
    """Somebody else is looking at this decision."""

    code = "reserved"


class Looked(NamedTuple):
    """A decision as far as reserving is concerned."""

    id: UUID
    task_id: UUID
    status: str
    version: int
    reserved_by_id: UUID | None
    reserved_until: datetime | None

    def is_held_by(self, person: UUID, now: datetime) -> bool:
        return self.reserved_by_id == person and self.is_held(now)

    def is_held(self, now: datetime) -> bool:
        return self.reserved_until is not None and self.reserved_until > now


@transaction.atomic
def reserve_decision(decision_id: UUID, *, actor: Actor) -> datetime:
    """Until when it is the actor's, who looks at one at a time: another one that they had is put back.

    Asked again in time, it is renewed. Reserved when somebody else has it, Conflict when it is not pending any more.
    """
    person = person_of(actor)
    rows = locked(decision_id, person)
    wanted = rows.pop(decision_id)
    now = database_now()
    refuse_taken(wanted, person, now)
    until = now + timedelta(seconds=settings.REVIEW_RESERVATION_SECONDS)
    moves = [put_back(row) for row in rows.values()]
    if not wanted.is_held_by(person, now):
        moves.append(taken(wanted, actor, until))
    elif half_over(wanted, now):
        moves.append(step(wanted, [], {"reserved_until": until}))
    else:
        until = wanted.reserved_until or until
    move_many(DECISIONS, moves, actor=actor)
    return until


@transaction.atomic
def release_decision(decision_id: UUID, *, actor: Actor) -> bool:
    """Put it back, undecided; whether the actor had it at all."""
    person = person_of(actor)
    row = locked(decision_id, person)[decision_id]
    if not is_mine(row, person):
        return False
    move(DECISIONS, put_back(row), actor=actor)
    return True


def person_of(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NotAllowed("Only people review.")
    return actor.user_id


def locked(decision_id: UUID, person: UUID) -> dict[UUID, Looked]:
    """The decision, and what else the person has reserved: nobody writes them before the transaction ends."""
    # Two windows of one person go one after the other, so that one sees what the other has.
    User.objects.select_for_update(no_key=True).get(pk=person)
    pending = Decision.objects.filter(status=DecisionStatus.PENDING, reserved_by=person)
    ids = {decision_id, *pending.values_list("pk", flat=True)}
    # Whoever writes a decision holds its task's row.
    lock_rows({row.task_id for row in read(ids)})
    rows = {row.id: row for row in read(ids)}
    if decision_id not in rows:
        raise NotFound("There is no such decision.")
    return {pk: row for pk, row in rows.items() if pk == decision_id or is_mine(row, person)}


def read(ids: Iterable[UUID]) -> list[Looked]:
    rows = Decision.objects.filter(pk__in=ids).order_by("pk").values_list(*FIELDS)
    return [Looked(*row) for row in rows]


def is_mine(row: Looked, person: UUID) -> bool:
    return row.reserved_by_id == person and row.status == DecisionStatus.PENDING


def refuse_taken(row: Looked, person: UUID, now: datetime) -> None:
    if row.status != DecisionStatus.PENDING:
        raise Conflict(row.status, DECISION_LEGAL[row.status], "It is not pending any more.")
    if row.is_held(now) and row.reserved_by_id != person:
        raise Reserved(row.status, DECISION_LEGAL[row.status])


def half_over(row: Looked, now: datetime) -> bool:
    """Only then is a renewal written: pages ask far more often."""
    left = (row.reserved_until or now) - now
    half: float = settings.REVIEW_RESERVATION_SECONDS / 2
    return left.total_seconds() < half


def taken(row: Looked, actor: Actor, until: datetime) -> Move:
    told = Happening(
        Said.DECISION_RESERVED, {"task_id": row.task_id, "by": actor.label, "until": until}
    )
    return step(row, [told], {"reserved_by_id": actor.user_id, "reserved_until": until})


def put_back(row: Looked) -> Move:
    return step(row, [Happening(Said.DECISION_RELEASED, {"task_id": row.task_id})], NOBODY)


def step(row: Looked, events: list[Happening], values: dict[str, Any]) -> Move:
    """The status stays as it is."""
    return Move(row.id, row.status, row.version, (), events, values)
