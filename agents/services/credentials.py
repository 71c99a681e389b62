"""Keys of agents: issued, rotated with an overlap, revoked at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from agentic.actors import Actor
from agentic.changes import Happening, Insert, Patch
from agentic.clock import database_now
from agentic.errors import DomainError
from agentic.ids import new_id
from agentic.vocabulary import AuditAction, EventType
from agents.keys import NewSecret, make_secret
from agents.models import AgentKey
from agents.selectors import read_agent, read_key
from agents.services.changing import again_on_conflict, change_audited

OVERLAP = timedelta(hours=1)


class KeyEnded(DomainError):
    """The key was revoked or has expired: issue a new one."""

    status = 409
    code = "conflict"


class IssuedKey(NamedTuple):
    """A new key with its text, which is nowhere else and cannot be shown again."""

    key: AgentKey
    secret: str


def issue_key(
    *,
    actor: Actor,
    agent_id: UUID,
    scopes: Sequence[str] = (),
    expires_in: timedelta | None = None,
) -> IssuedKey:
    """Make a credential for the agent. Without `expires_in` it holds until it is revoked."""
    secret = make_secret()

    def step() -> IssuedKey:
        agent = read_agent(agent_id)
        expires_at = database_now() + expires_in if expires_in else None
        row = new_key(agent_id, secret, scopes, expires_at)
        events = [Happening(EventType.AGENT_KEY_ISSUED, told(row.values))]
        action, about = AuditAction.KEY_ISSUED, {"after": told(row.values)}
        change_audited(agent, action, about, actor=actor, events=events, also=[row])
        return IssuedKey(read_key(agent_id, row.values["id"]), secret.text)

    return again_on_conflict(step)


def rotate_key(
    *, actor: Actor, agent_id: UUID, key_id: UUID, overlap: timedelta = OVERLAP
) -> IssuedKey:
    """A new key like this one, which goes on working for `overlap` so that the agent can change over."""
    secret = make_secret()

    def step() -> IssuedKey:
        agent, old, now = read_agent(agent_id), read_key(agent_id, key_id), database_now()
        refuse_ended(old, now)
        lifetime = old.expires_at - old.created_at if old.expires_at else None
        row = new_key(agent_id, secret, old.scopes, now + lifetime if lifetime else None)
        ends_at = min(filter(None, (old.expires_at, now + overlap)))
        story = {**told(row.values), "replaces": str(key_id), "old_expires_at": ends_at.isoformat()}
        events = [Happening(EventType.AGENT_KEY_ISSUED, story)]
        also: list[Insert | Patch] = [row, Patch(AgentKey, key_id, {"expires_at": ends_at})]
        action, about = AuditAction.KEY_ROTATED, {"before": told_of(old), "after": story}
        change_audited(agent, action, about, actor=actor, events=events, also=also)
        return IssuedKey(read_key(agent_id, row.values["id"]), secret.text)

    return again_on_conflict(step)


def revoke_key(*, actor: Actor, agent_id: UUID, key_id: UUID) -> AgentKey:
    """From now on the key opens nothing. To revoke it once more changes nothing."""

    def step() -> AgentKey:
        agent, key = read_agent(agent_id), read_key(agent_id, key_id)
        if key.revoked_at is not None:
            return key
        key.revoked_at = database_now()
        story = {"key_id": str(key_id), "prefix": key.prefix}
        events = [Happening(EventType.AGENT_KEY_REVOKED, story)]
        also = [Patch(AgentKey, key_id, {"revoked_at": key.revoked_at})]
        after = {**told_of(key), "revoked_at": key.revoked_at}
        action, about = AuditAction.KEY_REVOKED, {"before": told_of(key), "after": after}
        change_audited(agent, action, about, actor=actor, events=events, also=also)
        return key

    return again_on_conflict(step)


def refuse_ended(key: AgentKey, now: datetime) -> None:
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise KeyEnded


def new_key(
    agent_id: UUID, secret: NewSecret, scopes: Sequence[str], expires_at: datetime | None
) -> Insert:
    values = {
        "id": new_id(),
        "agent_id": agent_id,
        "prefix": secret.prefix,
        "secret_sha256": secret.digest,
        "scopes": list(scopes),
        "expires_at": expires_at,
    }
    return Insert(AgentKey, values)


def told_of(key: AgentKey) -> dict[str, Any]:
    return told({name: getattr(key, name) for name in ("id", "prefix", "scopes", "expires_at")})


def told(values: dict[str, Any]) -> dict[str, Any]:
    """What an event, or an audit, says of a key: never its text, nor the digest."""
    expires_at = values["expires_at"]
    return {
        "key_id": str(values["id"]),
        "prefix": values["prefix"],
        "scopes": values["scopes"],
        "expires_at": expires_at.isoformat() if expires_at else None,
    }
