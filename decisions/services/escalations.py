"""Who has seen an escalation, and who takes care of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from agentic.actors import Actor
from agentic.changes import Happening, Move, Patch
from agentic.errors import Conflict, IllegalMove, Invalid, NotAllowed
from agentic.models import User
from agentic.roles import people_who_may
from agentic.transitions import move
from agentic.vocabulary import EventType as Said
from decisions.models import TASKS, Escalation
from decisions.states import LEGAL, State
from decisions.work import Work, load_one

HANDLE = "escalations.handle"


@transaction.atomic
def acknowledge_escalation(task_id: UUID, *, actor: Actor) -> Escalation:
    """Somebody has seen it: for a whole step from now on it is not raised to the next level.

    The same person may say so twice; Conflict when somebody else has said it already.
    """
    work, escalation = open_one(task_id, actor)
    if escalation.acknowledged_by_id == actor.user_id:
        return escalation
    if escalation.acknowledged_by is not None:
        name = escalation.acknowledged_by.name
        raise Conflict(work.state, LEGAL[work.state], f"{name} has acknowledged it already.")
    write(work, escalation, acknowledgement(work, actor), actor, acknowledges=True)
    return escalation


@transaction.atomic
def assign_escalation(
    task_id: UUID, *, actor: Actor, person_id: UUID, replaces: UUID | None = None
) -> Escalation:
    """To a person who takes care of it from now on. Who takes it themselves acknowledges it with that.

    Invalid when the person may not handle escalations, or has it already. Conflict when somebody else has it than
    `replaces`, None for nobody: it is taken from people, never by oversight.
    """
    work, escalation = open_one(task_id, actor)
    person = people_who_may(HANDLE).filter(pk=person_id).first()
    if person is None:
        raise Invalid(person="nobody who may handle escalations")
    if escalation.assigned_to_id == person.pk:
        raise Invalid(person=f"{person.name} has it already")
    check_holder(work, escalation, replaces)
    takes_it = person.pk == actor.user_id and escalation.acknowledged_at is None
    patch = {"assigned_to_id": person.pk, **(acknowledgement(work, actor) if takes_it else {})}
    write(work, escalation, patch, actor, acknowledges=takes_it, person=person)
    return escalation


def check_holder(work: Work, escalation: Escalation, known: UUID | None) -> None:
    if escalation.assigned_to_id == known:
        return
    holder = escalation.assigned_to
    said = f"{holder.name} takes care of it now." if holder else "Nobody has it any more."
    raise Conflict(work.state, LEGAL[work.state], said)


def open_one(task_id: UUID, actor: Actor) -> tuple[Work, Escalation]:
    """The open escalation of the task, whose row nobody else changes before the transaction ends."""
    if actor.user_id is None:
        raise NotAllowed("Only people take care of escalations.")
    work = load_one(task_id, lock=True)
    if work.state != State.ESCALATED:
        raise IllegalMove(work.state, LEGAL[work.state])
    opened = Escalation.objects.select_related("acknowledged_by", "assigned_to")
    return work, opened.get(task=task_id, resolved_at__isnull=True)


def acknowledgement(work: Work, actor: Actor) -> dict[str, Any]:
    return {"acknowledged_at": work.now, "acknowledged_by_id": actor.user_id}


def write(
    work: Work,
    escalation: Escalation,
    patch: dict[str, Any],
    actor: Actor,
    *,
    acknowledges: bool,
    person: User | None = None,
) -> None:
    """The escalation's row and what is said of it; the task stays where it is."""
    about = {"level": escalation.level, "by": actor.label}
    said = [Happening(Said.TASK_ESCALATION_ACKNOWLEDGED, about)] if acknowledges else []
    if person is not None:
        to = {"person_id": person.pk, "person": person.username}
        said.append(Happening(Said.TASK_ESCALATION_ASSIGNED, {**about, **to}))
    step = timedelta(seconds=settings.TASK_ESCALATION_STEP_SECONDS)
    values = {"due_at": work.now + step} if acknowledges else {}
    also = (Patch(Escalation, escalation.pk, patch),)
    move(TASKS, Move(work.id, work.state, work.version, (), said, values, also), actor=actor)
    escalation.refresh_from_db()
