"""What may be said to the registry, by name, type and bound."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from agents.keys import Scope
from agents.models import AgentStatus

# What is blank to Python. Other readers of these patterns do not count the last two ranges by themselves.
BLANK = r"\s\x1c-\x1f\x85"
# Neither blank nor with blanks at its ends, so that two names never look the same.
Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=rf"^[^{BLANK}]([^\n]*[^{BLANK}])?\Z")
]
Word = Annotated[str, Meta(min_length=1, max_length=100, pattern=rf"^[^{BLANK},]+\Z")]
Words = Annotated[list[Word], Meta(max_length=50)]
Label = Annotated[str, Meta(max_length=100)]
Concurrency = Annotated[int, Meta(ge=1, le=1000)]
DecisionsPerHour = Annotated[int, Meta(ge=1, le=1_000_000)]
Level = Annotated[int, Meta(ge=-1000, le=1000)]
KeySeconds = Annotated[int, Meta(ge=60, le=10 * 365 * 24 * 3600)]
OverlapSeconds = Annotated[int, Meta(ge=0, le=7 * 24 * 3600)]


class Shape(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A body. What it does not name is refused."""


class NewAgent(Shape):
    name: Name
    agent_type: Word = "default"
    capabilities: Words = []
    config: dict[str, Any] = {}
    max_concurrent_tasks: Concurrency = 1
    priority_level: Level = 0
    max_decisions_per_hour: DecisionsPerHour = 1000


class StatusChange(Shape):
    new_status: AgentStatus | None = None
    reason: Annotated[str, Meta(max_length=1000)] = ""


class NewKey(Shape):
    """`expires_in` in seconds; without it the key holds until it is revoked."""

    scopes: list[Scope] = []
    expires_in: KeySeconds | None = None


class Rotation(Shape):
    """For how many seconds the old key goes on working."""

    overlap: OverlapSeconds = 3600


class SigningOff(Shape):
    """Whether the agent finishes what it holds first."""

    finishing: bool = False


class Announcement(Shape):
    """What an agent says of itself; what it leaves out stays as it was."""

    version: Label | None = None
    framework: Label | None = None
    capabilities: Words | None = None
    task_types: Words | None = None
    concurrency: Concurrency | None = None
