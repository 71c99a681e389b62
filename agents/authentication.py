"""Who is calling: an agent by its key, a person by an access token. One scheme tells the two apart."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from agentic.acting import acting
from agentic.actors import Actor, ActorKind, Source
from agentic.authentication import bearer_of, person_of
from agentic.clock import Now
from agentic.errors import NotAuthenticated
from agentic.fixed_query import ASKED, FixedQuery
from agentic.models import User
from agents.keys import MARK, Scope, digest_of
from agents.models import AgentKey

NOTE_USE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CallingAgent:
    """The agent behind a call, as it stood at `called_at`, by the database's clock. It is never a `User`."""

    id: UUID
    name: str
    status: str
    capabilities: list[str]
    max_concurrent_tasks: int
    key_id: UUID
    scopes: list[str]
    last_seen_at: datetime | None
    silent_at: datetime | None
    called_at: datetime

    @property
    def works(self) -> bool:
        """Whether the key is for working; one that only reads says nothing of whether the agent lives."""
        return not self.scopes or Scope.WORK in self.scopes

    is_authenticated: ClassVar[bool] = True
    is_active: ClassVar[bool] = True


class BearerAuthentication(BaseAuthentication):
    """Nothing is cached: a key that was revoked is refused by the next call."""

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"

    def authenticate(self, request: Request) -> tuple[User | CallingAgent, str] | None:
        token = bearer_of(request)
        if not token:
            return None
        return (agent_of(token) if token.startswith(MARK) else person_of(token)), token


def agent_of(key: str) -> CallingAgent:
    """The agent that a live key belongs to."""
    row = BY_KEY.first(digest_of(key))
    if row is None:
        raise NotAuthenticated("The key is unknown, was revoked or has expired.")
    *fields, last_used_at = row
    agent = CallingAgent(*fields)
    if last_used_at is None or agent.called_at - last_used_at >= NOTE_USE_EVERY:
        AgentKey.objects.filter(pk=agent.key_id).update(last_used_at=Now())
    return agent


def live_keys() -> QuerySet[AgentKey]:
    """Keys that open the door at this moment."""
    unexpired = Q(expires_at__isnull=True) | Q(expires_at__gt=Now())
    return AgentKey.objects.filter(unexpired, revoked_at__isnull=True)


def rows_by_key() -> QuerySet[AgentKey, tuple[Any, ...]]:
    """In the order of CallingAgent's fields."""
    return (
        live_keys()
        .filter(secret_sha256=ASKED)
        .order_by()
        .values_list(
            "agent_id",
            "agent__name",
            "agent__status",
            "agent__capabilities",
            "agent__max_concurrent_tasks",
            "id",
            "scopes",
            "agent__last_seen_at",
            "agent__silent_at",
            Now(),
            "last_used_at",
        )
    )


BY_KEY = FixedQuery(rows_by_key)


def actor_of_agent(request: Request) -> Actor:
    """The calling agent as the one who acts."""
    agent = cast(CallingAgent, request.user)
    return acting(request, ActorKind.AGENT, agent.id, agent.name, Source.AGENT)
