"""From events to messages: the event store is the outbox, and this is its reader.

It may run twice at once, or die in the middle: a message that exists is not made again, and the position only grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import transaction

from agentic.models import Event
from agentic.positions import settled
from agentic.vocabulary import EventType
from oversight.models import Notice, NoticeReader
from oversight.notifications.audience import Audience, Recipient
from oversight.notifications.reasons import reason_of, topic_of

# Events of all kinds that one step goes past: so many are read by their position in some 10 ms.
SPAN = 20_000
FIELDS = ("id", "entity_id", "data", "actor_kind", "created_at")
Row = dict[str, Any]


def follow() -> bool:
    """One step. Whether there is more."""
    end = settled()
    start = begun_at(end)
    upto = min(end, start + SPAN)
    if upto > start:
        make(list(escalations_between(start, upto)), upto)
    return upto < end


def begun_at(end: int) -> int:
    """Where the reader stands. The first one begins with what happens from now on, not with the platform's past."""
    reader, _ = NoticeReader.objects.get_or_create(pk=1, defaults={"position": end})
    return reader.position


def escalations_between(start: int, upto: int) -> Iterator[Row]:
    """Each level of each escalation is an event of its own."""
    events = Event.objects.filter(position__gt=start, position__lte=upto)
    escalated = events.filter(event_type=EventType.TASK_ESCALATED)
    yield from escalated.order_by("position").values(*FIELDS)


@transaction.atomic
def make(events: list[Row], upto: int) -> None:
    if events:
        audience = Audience()
        notices = [notice for event in events for notice in notices_of(event, audience)]
        Notice.objects.bulk_create(notices, ignore_conflicts=True)
    NoticeReader.objects.filter(pk=1, position__lt=upto).update(position=upto)


def notices_of(event: Row, audience: Audience) -> Iterator[Notice]:
    for recipient in audience.of(topic_of(reason_of(event))):
        yield notice_of(event, recipient)


def notice_of(event: Row, recipient: Recipient) -> Notice:
    reason = reason_of(event)
    return Notice(
        target=recipient.target,
        kind=recipient.target.kind,
        person=recipient.person,
        topic=topic_of(reason),
        event_id=event["id"],
        task_id=event["entity_id"],
        level=event["data"].get("level", 1),
        reason=reason,
        occurred_at=event["created_at"],
        due_at=event["created_at"],
    )
