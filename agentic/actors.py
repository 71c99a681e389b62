"""Who does a thing, and by which door: written on every event, so that it outlives the account."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from django.db import models


class Source(models.TextChoices):
    API = "api", "the HTTP API"
    WEB = "web", "a page"
    ADMIN = "admin", "the admin site"
    AGENT = "agent", "the worker API"
    BEAT = "beat", "the sweep"
    COMMAND = "command", "the command line"


class ActorKind(models.TextChoices):
    USER = "user", "a person"
    AGENT = "agent", "an agent"
    SYSTEM = "system", "the platform itself"


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts. `user_id` is set for people only; an agent is never a user."""

    kind: ActorKind
    id: UUID | None
    label: str
    source: Source
    correlation_id: str = ""
    traceparent: str = ""
    ip: str = ""

    @property
    def user_id(self) -> UUID | None:
        return self.id if self.kind == ActorKind.USER else None


def system(source: Source = Source.BEAT) -> Actor:
    return Actor(ActorKind.SYSTEM, None, "platform", source)
