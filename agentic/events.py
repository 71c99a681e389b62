"""The event store: rows to be written, and readers that follow them."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from agentic.actors import Actor
from agentic.changes import Birth, Move
from agentic.fixed_query import read
from agentic.models import Event
from agentic.positions import settled
from agentic.vocabulary import EntityType

FIELDS = (
    "id", "position", "event_type", "entity_type", "entity_id", "version", "data", "actor_kind", "actor_id",
    "actor_label", "user_id", "source", "correlation_id", "traceparent", "created_at",
)  # fmt: skip


# As EventRow, without the id that the store gives it.
Told = tuple[UUID, str, UUID, int, str, dict[str, Any]]


def told_by(entity: str, change: Move | Birth) -> Iterator[Told]:
    """The events of one change, versions counted on from the row's."""
    pk, version = change.pk, change.version
    for event in change.events:
        if event.entity_id is None:
            version += 1
            yield pk, entity, pk, version, event.event_type, event.data
        else:
            about = event.entity_type, event.entity_id, event.version
            yield pk, *about, event.event_type, event.data


def signature(actor: Actor) -> dict[str, Any]:
    """Who did it, as it stands on each event."""
    return {
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label,
        "user_id": actor.user_id,
        "source": actor.source,
        "correlation_id": actor.correlation_id,
        "traceparent": actor.traceparent,
    }


def read_after(
    position: int, *, limit: int, entity_type: str = "", entity_id: UUID | None = None
) -> list[dict[str, Any]]:
    """Up to `limit` events past `position`, in order. None ever appears among them later."""
    events = matching(entity_type, entity_id).filter(position__gt=position, position__lte=settled())
    return [
        dict(zip(FIELDS, row, strict=True)) for row in read(events.values_list(*FIELDS)[:limit])
    ]


def newest_between(
    after: int, upto: int, *, limit: int, without: Collection[str] = ()
) -> list[dict[str, Any]]:
    """The last `limit` events of those, in order; `without` are kinds that are left out."""
    there = Event.objects.filter(position__gt=after, position__lte=upto)
    newest = there.exclude(event_type__in=without).order_by("-position").values_list(*FIELDS)
    return [dict(zip(FIELDS, row, strict=True)) for row in reversed(read(newest[:limit]))]


def matching(entity_type: str, entity_id: UUID | None) -> QuerySet[Event]:
    if entity_id is None:
        return Event.objects.filter(entity_type=entity_type) if entity_type else Event.objects.all()
    # Within one entity, versions and positions run alike; by version the unique index serves.
    kinds = [entity_type] if entity_type else EntityType.values
    return Event.objects.filter(entity_type__in=kinds, entity_id=entity_id).order_by("version")
