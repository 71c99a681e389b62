"""What the registry answers, by name and type."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from agentic.answers import Answer, Count, Moment, Object
from agents.keys import Scope
from agents.models import AgentStatus


class Agent(Answer):
    """An agent as the registry holds it. No task types: it takes any. `paused_because` is empty while it works."""

    id: UUID
    name: str
    agent_type: str
    status: AgentStatus
    capabilities: list[str]
    task_types: list[str]
    config: Object
    max_concurrent_tasks: int
    priority_level: int
    max_decisions_per_hour: int
    paused_because: str
    client_version: str
    framework: str
    last_seen_at: Moment | None
    version: Count
    created_at: Moment


class AgentPage(Answer):
    """By name; `next` is the cursor of the page after this one, null when there is none."""

    agents: list[Agent]
    limit: int
    next: str | None


class StatusUpdated(Answer):
    status: Literal["updated"]
    new_status: AgentStatus


class Key(Answer):
    """A credential, without its secret."""

    key_id: UUID
    prefix: str
    scopes: list[Scope]
    expires_at: Moment | None
    last_used_at: Moment | None
    revoked_at: Moment | None
    created_at: Moment


class KeyList(Answer):
    """The newest first, live or not."""

    keys: list[Key]


class IssuedKey(Key):
    """`key` is shown this once."""

    key: str


class KeyRevoked(Answer):
    status: Literal["revoked"]
    key_id: UUID
    revoked_at: Moment
