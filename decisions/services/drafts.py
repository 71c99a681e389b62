"""Drafts of the review policy: proposed by one person, tried on past decisions, and published by another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction

from agentic import audits
from agentic.actors import Actor
from agentic.clock import database_now
from agentic.errors import Conflict, NotAllowed, NotFound
from agentic.transitions import record
from agentic.vocabulary import AuditAction, EntityType, EventType
from decisions.models import PolicyDraft, ReviewPolicy
from decisions.models.policy import DraftState
from decisions.past import read_past
from decisions.policy import NO_POLICY, Policy, read_active
from decisions.ready import calibration_live, check_open, check_ready, situation
from decisions.services.policies import (
    RULES,
    add_version,
    check,
    in_turn,
    next_event,
    take_effect,
)
from decisions.simulation import Wanted, simulate

SAID = tuple(name for name in RULES if name != "note")
CHANGED = "It was changed or simulated again since you looked: look again."
OWN_DRAFT = "You wrote this draft: somebody else must publish it."


def draft_policy(*, actor: Actor, rules: Mapping[str, Any]) -> PolicyDraft:
    """`rules` as RULES names them; Invalid names each that is wrong."""
    check(rules)
    with transaction.atomic():
        draft = PolicyDraft(created_at=database_now(), **held(rules))
        draft.created_by_id = author(actor)
        draft.save(force_insert=True)
        note(AuditAction.POLICY_DRAFTED, draft, actor, after=told(draft))
        tell(draft, actor)
        return draft


def edit_draft(*, actor: Actor, draft_id: UUID, rules: Mapping[str, Any]) -> PolicyDraft:
    """Its author alone, who cannot publish it. What a simulation said of it before is gone."""
    check(rules)
    with transaction.atomic():
        draft = locked(draft_id)
        check_author(draft, actor)
        check_open(draft)
        before = told(draft)
        draft.simulation, draft.simulated_at = None, None
        for name, value in held(rules).items():
            setattr(draft, name, value)
        draft.save(update_fields=["rules", "note", "simulation", "simulated_at"])
        note(AuditAction.POLICY_DRAFTED, draft, actor, before=before, after=told(draft))
        tell(draft, actor)
        return draft


def close_draft(*, actor: Actor, draft_id: UUID) -> PolicyDraft:
    with transaction.atomic():
        draft = locked(draft_id)
        check_open(draft)
        draft.state = DraftState.CLOSED
        draft.save(update_fields=["state"])
        note(AuditAction.POLICY_DRAFT_CLOSED, draft, actor, before=told(draft))
        tell(draft, actor)
        return draft


def simulate_draft(*, actor: Actor, draft_id: UUID) -> PolicyDraft:
    """Over the newest decisions, which takes seconds: in no transaction. Conflict when the draft changes meanwhile."""
    draft = read_draft(draft_id)
    check_open(draft)
    found = simulated(draft)
    with transaction.atomic():
        now = locked(draft_id)
        check_open(now)
        if told(now) != told(draft):
            raise Conflict(now.state, (), "The draft was changed meanwhile.")
        now.simulation, now.simulated_at = found, database_now()
        now.save(update_fields=["simulation", "simulated_at"])
        tell(now, actor)
    return read_draft(draft_id)


def simulated(draft: PolicyDraft) -> dict[str, Any]:
    """With which policy was active, and by which calibration confidences were worth what they were."""
    active, calibration = read_active(), calibration_live()
    found = simulate(wanted(draft.rules), read_past(), active=active)
    told: dict[str, Any] = msgspec.to_builtins(found)
    return told | {"active_version": active.version, "calibration_version": calibration}


def publish_draft(*, actor: Actor, draft_id: UUID, seen: datetime | None = None) -> ReviewPolicy:
    """It takes effect at once. Of two people who publish it in the same moment one gets Conflict.

    `seen` is when the simulation was made that the person looked at: Conflict, if it is not this one.
    """
    with in_turn():
        draft = locked(draft_id)
        check_second_person(draft, actor)
        check_ready(draft, situation())
        check_seen(draft, seen)
        by = {"created_by_id": draft.created_by_id, "approved_by_id": second_person(draft, actor)}
        policy = add_version(rules_found(draft), **by)
        draft.state, draft.policy = DraftState.PUBLISHED, policy
        draft.save(update_fields=["state", "policy"])
        tell(draft, actor)
        return take_effect(policy, actor, AuditAction.POLICY_PUBLISHED, draft_id=draft.pk)


def author(actor: Actor) -> UUID:
    if actor.user_id is None:
        raise NotAllowed("Only a person drafts a policy.")
    return actor.user_id


def read_draft(draft_id: UUID) -> PolicyDraft:
    drafts = PolicyDraft.objects.select_related("created_by", "policy", "policy__approved_by")
    return existing(drafts.filter(pk=draft_id).first())


def locked(draft_id: UUID) -> PolicyDraft:
    return existing(PolicyDraft.objects.select_for_update().filter(pk=draft_id).first())


def existing(draft: PolicyDraft | None) -> PolicyDraft:
    if draft is None:
        raise NotFound("There is no such draft.")
    return draft


def held(rules: Mapping[str, Any]) -> dict[str, Any]:
    return {"rules": {name: rules[name] for name in SAID}, "note": rules["note"]}


def told(draft: PolicyDraft) -> dict[str, Any]:
    return {**draft.rules, "note": draft.note}


def note(action: AuditAction, draft: PolicyDraft, actor: Actor, **details: Any) -> None:
    audits.record(action, actor=actor, entity_type=EntityType.POLICY, entity_id=draft.pk, **details)


def tell(draft: PolicyDraft, actor: Actor) -> None:
    """An event, so that pages that show drafts look again."""
    data = {"state": draft.state, "simulated_at": draft.simulated_at}
    record(next_event(draft.pk, EventType.POLICY_DRAFT_CHANGED, data), actor=actor)


def wanted(rules: Mapping[str, Any]) -> Wanted:
    names = Policy.__dataclass_fields__.keys() & rules.keys()
    policy = replace(NO_POLICY, **{name: rules[name] for name in names})
    return Wanted(policy, rules["budget"], rules["budget_value"] or 0.0)


def rules_found(draft: PolicyDraft) -> dict[str, Any]:
    """With the threshold that the simulation found, and the model that it found it for."""
    simulation = draft.simulation or {}
    found_for = simulation["model_version"] if draft.rules["budget"] else ""
    found = {"risk_threshold": simulation["risk_threshold"], "risk_model_version": found_for}
    return told(draft) | found


def second_person(draft: PolicyDraft, actor: Actor) -> UUID | None:
    return None if draft.created_by_id == actor.user_id else actor.user_id


def check_author(draft: PolicyDraft, actor: Actor) -> None:
    """Whoever could change what another wrote would publish their own words."""
    if draft.created_by_id != actor.user_id:
        raise NotAllowed("Somebody else wrote this draft: make one of your own.")


def check_second_person(draft: PolicyDraft, actor: Actor) -> None:
    if settings.POLICY_TWO_PEOPLE and second_person(draft, actor) is None:
        raise NotAllowed(OWN_DRAFT)


def check_seen(draft: PolicyDraft, seen: datetime | None) -> None:
    if seen is not None and seen != draft.simulated_at:
        raise Conflict(draft.state, (), CHANGED)
