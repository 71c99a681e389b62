"""Who acts in a request, as it is written on events."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.http import HttpRequest
from rest_framework.request import Request

from agentic.actors import Actor, ActorKind, Source
from agentic.addresses import address_of
from agentic.models import User
from agentic.tracing import traceparent_of


def actor_of(request: Request | HttpRequest, source: Source = Source.API) -> Actor:
    """The signed-in person as the one who acts."""
    user = cast(User, request.user)
    return acting(request, ActorKind.USER, user.pk, user.username, source)


def acting(
    request: Request | HttpRequest,
    kind: ActorKind,
    actor_id: UUID | None,
    label: str,
    source: Source,
) -> Actor:
    http = request._request if isinstance(request, Request) else request
    correlation_id: str = getattr(http, "correlation_id", "")  # by RequestMiddleware
    trace = traceparent_of(http)
    return Actor(kind, actor_id, label, source, correlation_id, trace, address_of(http))


def knocking(request: HttpRequest, name: str) -> Actor:
    """Whoever stands at a door with this name, before anybody knows whether it is theirs."""
    return acting(request, ActorKind.USER, None, name, source_of(request))


def caller_of(request: HttpRequest) -> Actor | None:
    """Whoever is signed in, by the door that they use: a person, or an agent, which has no account. Else None."""
    user: Any = getattr(request, "user", None)
    if isinstance(user, User):
        return actor_of(request, source_of(request))
    if getattr(user, "is_authenticated", False):
        return acting(request, ActorKind.AGENT, user.id, user.name, Source.AGENT)
    return None


def source_of(request: HttpRequest) -> Source:
    """The door, as the address tells it."""
    if request.path.startswith("/api/"):
        return Source.API
    return Source.ADMIN if request.path.startswith("/admin/") else Source.WEB
