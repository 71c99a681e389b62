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
from msgspec import UNSET, Meta, UnsetType

from agentic.actors import ActorKind
from agentic.answers import Moment
from agentic.errors import DomainError, TooMany
from agentic.problems import of_domain
from agentic.vocabulary import EntityType, EventType
from decisions.answers import Event


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

    @cached_property
    def guarded(self) -> bool:
        return self.event_type in GUARDED

    @cached_property
    def messages(self) -> dict[Channel, dict[str, str]]:
        """As the server takes them, by channel: encoded once for all who listen."""
        return {
            channel: {"type": "websocket.send", "text": self.frame(channel)}
            for channel in self.channels
        }

    def frame(self, channel: Channel) -> str:
        data, at = Event(**self.row), self.row["created_at"]
        happened = Happened(channel=channel, data=data, timestamp=at, position=self.position)
        return msgspec.json.encode(happened).decode()


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
    """Hear a channel from now on, as far as one's role allows it."""

    channel: Channel


class Unsubscribe(msgspec.Struct, tag="unsubscribe", forbid_unknown_fields=True):
    """Hear it no longer."""

    channel: Channel


class Ping(msgspec.Struct, tag="ping", forbid_unknown_fields=True):
    """Is anybody there?"""


class Act(msgspec.Struct, tag="action", forbid_unknown_fields=True, kw_only=True):
    """Act on a task, by the same rules as over HTTP. `data` is the new decision of an override."""

    action: Literal["override", "escalate"]
    task_id: UUID
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]
    data: dict[str, Any] = {}


Asked = Subscribe | Unsubscribe | Ping | Act


class Said(msgspec.Struct, kw_only=True):
    """A word to the one who is connected."""

    timestamp: Moment = msgspec.field(default_factory=lambda: datetime.now(UTC))


class Connected(Said, tag="connected"):
    """The first frame. Events follow from `position` on, or from where one asked to go on."""

    user_id: UUID
    roles: list[str]
    subscriptions: list[Channel]
    position: int


class Subscribed(Said, tag="subscribed"):
    """To which channels one listens now."""

    channel: Channel
    subscriptions: list[Channel]


class Unsubscribed(Said, tag="unsubscribed"):
    """To which channels one listens now."""

    channel: Channel
    subscriptions: list[Channel]


class Pong(Said, tag="pong"):
    """Somebody is."""


class ActionDone(Said, tag="action_done"):
    """Said after the commit; `position` is the event's."""

    action: Literal["override", "escalate"]
    task_id: UUID
    status: Literal["overridden", "escalated"]
    event_id: UUID
    position: int


class Error(Said, tag="error"):
    """Nothing was changed. The members are those of a problem of the API."""

    title: str
    status: int
    detail: str
    code: str
    errors: dict[str, list[str]] | UnsetType = UNSET
    state: str | UnsetType = UNSET
    legal: list[str] | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET  # seconds


class Happened(msgspec.Struct, kw_only=True):
    """An event, on one of its channels. `position` is its place in the one order of all events."""

    channel: Channel
    data: Event
    timestamp: Moment
    position: int


Answered = Subscribed | Unsubscribed | Pong | ActionDone | Error


def refused(error: DomainError) -> Error:
    said = of_domain(error)
    if isinstance(error, TooMany):
        said["retry_after"] = int(error.wait)
    return Error(**{name: said[name] for name in Error.__struct_fields__ if name in said})


def say(word: Said) -> str:
    return msgspec.json.encode(word).decode()
