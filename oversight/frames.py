"""What goes over the socket of the API, to the letter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from agentic.actors import ActorKind
from agentic.vocabulary import EntityType, EventType


class Channel(StrEnum):
    EVENTS = "events"
    DECISIONS = "decisions"
    ACTIONS = "actions"
    ESCALATIONS = "escalations"


FROM_THE_START = frozenset({Channel.EVENTS, Channel.DECISIONS})
# Who may listen to it, by the rule's name.
RULES = {
    Channel.EVENTS: "events.view",
    Channel.DECISIONS: "events.view",
    Channel.ACTIONS: "escalations.view",
    Channel.ESCALATIONS: "escalations.view",
}
# On no channel of those who may not see escalations.
GUARDED = frozenset(
    {
        EventType.TASK_ESCALATED.value,
        EventType.TASK_ESCALATION_ACKNOWLEDGED.value,
        EventType.TASK_ESCALATION_ASSIGNED.value,
    }
)


@dataclass(frozen=True)
class Told:
    """An event, and the frame that tells it on each channel; made once for all who listen."""

    position: int
    event_type: str
    channels: frozenset[Channel]
    row: dict[str, Any] = field(repr=False)

    @property
    def guarded(self) -> bool:
        return self.event_type in GUARDED

    @cached_property
    def frames(self) -> dict[Channel, str]:
        return {channel: self.frame(channel) for channel in self.channels}

    def frame(self, channel: Channel) -> str:
        said = {
            "channel": channel,
            "data": self.row,
            "timestamp": self.row["created_at"],
            "position": self.position,
        }
        return msgspec.json.encode(said).decode()


def told(row: dict[str, Any]) -> Told:
    channels = frozenset(channels_of(row))
    return Told(row["position"], row["event_type"], channels, row)


def channels_of(row: dict[str, Any]) -> Iterator[Channel]:
    yield Channel.EVENTS
    if row["entity_type"] == EntityType.DECISION:
        yield Channel.DECISIONS
    if row["actor_kind"] == ActorKind.USER:
        yield Channel.ACTIONS
    if row["event_type"] == EventType.TASK_ESCALATED:
        yield Channel.ESCALATIONS


class Subscribe(msgspec.Struct, tag="subscribe", forbid_unknown_fields=True):
    channel: Channel


class Unsubscribe(msgspec.Struct, tag="unsubscribe", forbid_unknown_fields=True):
    channel: Channel


class Ping(msgspec.Struct, tag="ping", forbid_unknown_fields=True):
    pass


class Act(msgspec.Struct, tag="action", forbid_unknown_fields=True, kw_only=True):
    """`data` is the new decision of an override."""

    action: Literal["override", "escalate"]
    task_id: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    data: dict[str, Any] = {}


Asked = Subscribe | Unsubscribe | Ping | Act


def say(kind: str, **members: Any) -> str:
    said = {"type": kind, **members, "timestamp": datetime.now(UTC)}
    return msgspec.json.encode(said).decode()
