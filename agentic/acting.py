"""Who acts in a request, as it is written on events."""

from __future__ import annotations

from typing import cast
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
    request: Request | HttpRequest, kind: ActorKind, actor_id: UUID, label: str, source: Source
) -> Actor:
    http = request._request if isinstance(request, Request) else request
    correlation_id: str = http.correlation_id  # type: ignore[attr-defined] # by RequestMiddleware
    trace = traceparent_of(http)
    return Actor(kind, actor_id, label, source, correlation_id, trace, address_of(http))
