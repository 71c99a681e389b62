"""A version that decisions will rest on goes live: one person asks for it, another one agrees."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction
from msgspec import UNSET, UnsetType

from agentic import audits
from agentic.actors import Actor
from agentic.clock import database_now
from agentic.errors import Conflict, DomainError, NotAllowed
from agentic.transitions import record
from agentic.vocabulary import AuditAction, EntityType, EventType
from mlregistry.gate_lines import Line
from mlregistry.gates import is_deciding, pass_gate, shown
from mlregistry.models import ActivationRequest, RegisteredModel, RequestStatus
from mlregistry.selectors import (
    is_overtaken,
    live_version,
    open_request,
    read_model,
    read_request,
)
from mlregistry.services.activation import (
    OtherWentLive,
    activate_model,
    event_of,
    go_live,
    id_of,
    note,
    told,
    wait_for_turn,
)


class RequestOpen(DomainError):
    """Another request of this name waits for a second person: it is decided first."""

    status = 409
    code = "conflict"


class SamePerson(NotAllowed):
    """You asked for it yourself: a second person has to agree."""


class NoPerson(NotAllowed):
    """It takes people: the platform asks for nothing to go live, and agrees to nothing."""


def let_go_live(
    *, actor: Actor, model_id: UUID, replaces: UUID | UnsetType | None = UNSET, reason: str = ""
) -> ActivationRequest | None:
    """The version goes live; or, where that takes two people, a request for it, which waits for the second one."""
    model = read_model(model_id)
    if not is_deciding(model.name) or (model.is_active and replaces in {UNSET, model.pk}):
        activate_named(model, actor, replaces, reason)
        return None
    return request_activation(actor=actor, model_id=model_id, replaces=replaces, reason=reason)


def activate_named(
    model: RegisteredModel, actor: Actor, replaces: UUID | UnsetType | None, reason: str
) -> None:
    """To activate what is live changes nothing, of any name."""
    if not model.is_active or not is_deciding(model.name):
        activate_model(actor=actor, model_id=model.pk, replaces=replaces, reason=reason)


@transaction.atomic
def request_activation(
    *, actor: Actor, model_id: UUID, replaces: UUID | UnsetType | None = UNSET, reason: str = ""
) -> ActivationRequest:
    """Waits for a second person. GateNotPassed, RequestOpen and OtherWentLive say why it does not."""
    user_id = person(actor)
    model = read_model(model_id)
    live = wait_for_turn(model.name)
    if replaces is not UNSET and id_of(live) != replaces:
        raise OtherWentLive(live)
    if open_request(model.name):
        raise RequestOpen
    lines = pass_gate(model, live)
    request = ActivationRequest.objects.create(
        model=model,
        name=model.name,
        reason=reason,
        gate={"live": (live and str(live.pk)), "lines": shown(lines)},
        requested_by_id=user_id,
        requested_at=database_now(),
    )
    say(EventType.MODEL_ACTIVATION_REQUESTED, request, actor, reason)
    audit(AuditAction.MODEL_ACTIVATION_REQUESTED, request, actor, reason, gate=shown(lines))
    return request


@transaction.atomic
def approve_activation(*, actor: Actor, request_id: UUID, reason: str = "") -> RegisteredModel:
    """The version goes live, by two people. The gate is asked again: the version, or what is live, may have changed."""
    user_id = person(actor)
    request, live = open_one(request_id)
    if request.requested_by_id == user_id:
        raise SamePerson
    if is_overtaken(request, live):
        raise OtherWentLive(live)
    lines = pass_gate(request.model, live)
    asker = request.requested_by_id
    close(request, RequestStatus.APPROVED, user_id, reason, lines)
    go_live(request.model, live, actor, requested_by_id=asker)
    about = {"requested_by": str(asker), "request_id": str(request.pk), "gate": shown(lines)}
    note(AuditAction.MODEL_ACTIVATED, request.model, live, actor, reason, **about)
    return request.model


@transaction.atomic
def refuse_activation(*, actor: Actor, request_id: UUID, reason: str = "") -> ActivationRequest:
    """The version does not go live. Who asked may withdraw in the same way."""
    user_id = person(actor)
    request, _ = open_one(request_id)
    close(request, RequestStatus.REFUSED, user_id, reason)
    say(EventType.MODEL_ACTIVATION_REFUSED, request, actor, reason)
    audit(AuditAction.MODEL_ACTIVATION_REFUSED, request, actor, reason)
    return request


def person(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NoPerson
    return actor.user_id


def open_one(request_id: UUID) -> tuple[ActivationRequest, RegisteredModel | None]:
    """The request, if it still waits when all who change what is live have had their turn, and what is live then."""
    wait_for_turn(read_request(request_id).name)
    request = read_request(request_id)
    if request.status != RequestStatus.OPEN:
        raise Conflict(request.status, (), f"The request is {request.status} already.")
    return request, live_version(request.name)


def close(
    request: ActivationRequest,
    status: RequestStatus,
    user_id: UUID,
    answer: str,
    lines: list[Line] | None = None,
) -> None:
    request.status, request.decided_by_id, request.answer = status, user_id, answer
    request.decided_at = database_now()
    if lines is not None:
        request.gate = {**request.gate, "lines": shown(lines)}
    request.save(update_fields=["status", "decided_by", "answer", "decided_at", "gate"])


def say(said: EventType, request: ActivationRequest, actor: Actor, reason: str) -> None:
    story = {**told(request.model), "request_id": str(request.pk), "reason": reason}
    record(event_of(request.model, said, story), actor=actor)


def audit(
    action: AuditAction, request: ActivationRequest, actor: Actor, reason: str, **details: Any
) -> None:
    audits.record(
        action,
        actor=actor,
        entity_type=EntityType.MODEL,
        entity_id=request.model_id,
        after={"status": request.status},
        reason=reason,
        name=request.name,
        version=request.model.version,
        request_id=str(request.pk),
        **details,
    )
