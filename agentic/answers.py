"""What the API answers, by name and type: errors, and the calls about signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agentic.actors import ActorKind, Source
from agentic.roles import Role
from agentic.vocabulary import AuditAction

Moment = Annotated[datetime, Meta(tz=True)]
Object = dict[str, Any]
Share = Annotated[float, Meta(ge=0, le=1)]
Count = Annotated[int, Meta(ge=0)]


def one_of(*names: str) -> Meta:
    """Says of a value that it is one of these Structs, which other calls answer too: msgspec has no word for it."""
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return Meta(extra_json_schema={"anyOf": refs})


class Answer(msgspec.Struct, kw_only=True):
    """An answer. Later versions of the platform may add to it, and take nothing away."""


class Problem(Answer):
    """An error, after RFC 9457. `code` is stable, `detail` is for people."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: dict[str, list[str]] | UnsetType = UNSET
    state: str | UnsetType = UNSET
    legal: list[str] | UnsetType = UNSET
    cancel_requested: bool | UnsetType = UNSET
    overrides: list[Object] | UnsetType = UNSET
    task_id: UUID | UnsetType = UNSET
    live: Object | UnsetType | None = UNSET
    gate: list[Object] | UnsetType = UNSET


class Audit(Answer):
    """A line of the audit log. `details` holds what was before and after."""

    id: UUID
    number: Count
    action: AuditAction
    entity_type: str
    entity_id: str
    user_id: UUID | None
    details: Object
    reason: str
    ip: str
    source: Source
    actor_kind: ActorKind
    actor_label: str
    created_at: Moment
    hash: str


class AuditPage(Answer):
    """`next` is the cursor of the page with older ones, null when there is none."""

    audits: list[Audit]
    next: Count | None


class Me(Answer):
    """Who the caller is, and what roles they have at this moment."""

    id: UUID
    email: str
    name: str
    roles: list[Role]
    is_active: bool


class Tokens(Answer):
    """A new pair. The access token is good for `expires_in` seconds, the refresh token once, within 24 hours."""

    access_token: str
    token_type: Literal["bearer"]
    expires_in: int
    refresh_token: str


class SignedOut(Answer):
    """The sign-in has ended, now or before."""

    status: Literal["signed_out"]


class OidcConfig(Answer):
    """Without a provider only `enabled` and a `message`; `authorization_url` and `state` where a sign-in was begun."""

    enabled: bool
    message: str | UnsetType = UNSET
    issuer: str | UnsetType = UNSET
    authorization_endpoint: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    authorization_url: str | UnsetType = UNSET
    state: str | UnsetType = UNSET
