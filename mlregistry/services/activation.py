"""Which version of a model is live: one of each name at most, however many ask at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from msgspec import UNSET, UnsetType

from agentic import audits
from agentic.actors import Actor
from agentic.changes import EventRow
from agentic.clock import database_now
from agentic.errors import DomainError
from agentic.ids import new_id
from agentic.models import Event
from agentic.transitions import record
from agentic.vocabulary import AuditAction, EntityType, EventType
from mlregistry.gates import is_deciding, refuse_unusable
from mlregistry.models import Activation, RegisteredModel
from mlregistry.selectors import live_before, live_since, live_version, read_model


class OtherWentLive(DomainError):
    """What is live has changed since you looked: look again."""

    status = 409
    code = "conflict"

    def __init__(self, live: RegisteredModel | None) -> None:
        known = {"id": live.pk, "version": live.version} if live else None
        said = f"{live} is live now" if live else "no version is live now"
        super().__init__(f"What is live has changed since you looked: {said}.", live=known)


class NotLive(DomainError):
    """This version is not live."""

    status = 409
    code = "conflict"


class NeedsSecondPerson(DomainError):
    """Decisions rest on models of this name: it takes a request and a second person to let a version go live."""

    status = 409
    code = "needs_second_person"


class NothingBefore(DomainError):
    """No other version was live before this one."""

    status = 409
    code = "conflict"


def activate_model(
    *,
    actor: Actor,
    model_id: UUID,
    replaces: UUID | UnsetType | None = UNSET,
    reason: str = "",
) -> RegisteredModel:
    """This version goes live, and the one that was retires. To activate the live one changes nothing.

    `replaces` is the version that the caller saw live, None where there was none: of all who saw the same, one wins.
    Who does not say loses to those alone that meet the request itself. OtherWentLive tells what is live instead;
    NeedsSecondPerson, that this is a case for `activation_requests`.
    """
    model = read_model(model_id)
    if is_deciding(model.name):
        raise NeedsSecondPerson
    seen = id_of(live_version(model.name)) if replaces is UNSET else replaces
    with transaction.atomic():
        live = wait_for_turn(model.name)
        if live == model and replaces in {UNSET, live.pk}:
            return live
        if id_of(live) != seen:
            raise OtherWentLive(live)
        go_live(model, live, actor)
        note(AuditAction.MODEL_ACTIVATED, model, live, actor, reason)
    return model


@transaction.atomic
def roll_back_model(*, actor: Actor, model_id: UUID, reason: str = "") -> RegisteredModel:
    """Back to the version that was live before this one, which must be live. Again: one further back.

    It takes one person, also where to go forward takes two: what it brings back was agreed on before. GateNotPassed
    where decisions would rest on a file that cannot be used any more.
    """
    model = read_model(model_id)
    wait_for_turn(model.name)
    present = live_since(model.name)
    if present is None or present.model != model:
        raise NotLive
    earlier = live_before(present)
    if earlier is None:
        raise NothingBefore
    if is_deciding(model.name):
        refuse_unusable(earlier.model)
    go_live(earlier.model, model, actor, restores=earlier)
    note(AuditAction.MODEL_ROLLED_BACK, earlier.model, model, actor, reason)
    return earlier.model


@transaction.atomic
def retire_model(*, actor: Actor, model_id: UUID, reason: str = "") -> RegisteredModel:
    """No version of this name is live any more: what goes by it does without, and says so.

    It takes one person, as the way back does: a model that decides wrongly must not wait for a second one.
    """
    model = read_model(model_id)
    if wait_for_turn(model.name) != model:
        raise NotLive
    end(model, database_now(), None, actor)
    note(AuditAction.MODEL_RETIRED, model, model, actor, reason)
    return model


def id_of(model: RegisteredModel | None) -> UUID | None:
    return model.pk if model else None


def wait_for_turn(name: str) -> RegisteredModel | None:
    """All who change what is live of a name meet at its oldest version. The one that is live then."""
    versions = RegisteredModel.objects.filter(name=name).order_by("pk")
    versions.select_for_update(no_key=True).first()
    return live_version(name)


def go_live(
    model: RegisteredModel,
    before: RegisteredModel | None,
    actor: Actor,
    restores: Activation | None = None,
    requested_by_id: UUID | None = None,
) -> None:
    """In a transaction of the caller's, who has waited for the turn. With `requested_by_id` the actor approves it."""
    now = database_now()
    if before:
        end(before, now, model, actor)
    model.is_active = True
    model.save(update_fields=["is_active"])
    Activation.objects.create(
        model=model,
        name=model.name,
        number=Activation.objects.filter(name=model.name).count() + 1,
        activated_at=now,
        requested_by_id=requested_by_id or actor.user_id,
        approved_by_id=actor.user_id if requested_by_id else None,
        restores=restores,
    )
    record(event_of(model, EventType.MODEL_ACTIVATED, told(model, replaces=before)), actor=actor)


def end(
    model: RegisteredModel, at: datetime, successor: RegisteredModel | None, actor: Actor
) -> None:
    Activation.objects.filter(name=model.name, ended_at=None).update(ended_at=at)
    RegisteredModel.objects.filter(pk=model.pk).update(is_active=False)
    story = told(model, replaced_by=successor)
    record(event_of(model, EventType.MODEL_RETIRED, story), actor=actor)


def told(model: RegisteredModel, **others: RegisteredModel | None) -> dict[str, Any]:
    """What an event says of a version; `others` by their versions."""
    named = {word: other.version if other else None for word, other in others.items()}
    return {"name": model.name, "version": model.version, **named}


def event_of(model: RegisteredModel, said: EventType, data: dict[str, Any]) -> EventRow:
    """The next event of this version's own story."""
    kind, pk = EntityType.MODEL, model.pk
    count = Event.objects.filter(entity_type=kind, entity_id=pk).count()
    return EventRow(pk, new_id(), kind, pk, count + 1, said, data)


def note(
    action: AuditAction,
    about: RegisteredModel,
    before: RegisteredModel | None,
    actor: Actor,
    reason: str = "",
    **details: Any,
) -> None:
    """About the version that went live, or the one that went."""
    live = None if about == before else about
    audits.record(
        action,
        actor=actor,
        entity_type=EntityType.MODEL,
        entity_id=about.pk,
        before={"live": before.version if before else None},
        after={"live": live.version if live else None},
        reason=reason,
        name=about.name,
        **details,
    )
