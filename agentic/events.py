"""The event store: rows to be written, and readers that follow them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from agentic.actors import Actor
from agentic.changes import Birth, EventRow, Move
from agentic.ids import new_id
from agentic.models import Event
from agentic.positions import settled
from agentic.vocabulary import EntityType

FIELDS = (
    "id", "position", "event_type", "entity_type", "entity_id", "version", "data", "actor_kind", "actor_id",
    "actor_label", "user_id", "source", "correlation_id", "traceparent", "created_at",
)  # fmt: skip


def rows_of(entity: str, change: Move | Birth) -> Iterator[EventRow]:
    """The events of one change, versions counted on from the row's."""
    version = change.version
    for event in change.events:
        if event.entity_type and event.entity_id:
            yield EventRow(
                change.pk,
                new_id(),
                event.entity_type,
                event.entity_id,
                event.version,
                event.event_type,
                event.data,
            )
            continue
        version += 1
        yield EventRow(
            change.pk, new_id(), entity, change.pk, version, event.event_type, event.data
        )


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
    return list(events.values(*FIELDS)[:limit])


def matching(entity_type: str, entity_id: UUID | None) -> QuerySet[Event]:
    if entity_id is None:
        return Event.objects.filter(entity_type=entity_type) if entity_type else Event.objects.all()
    # Within one entity, versions and positions run alike; by version the unique index serves.
    kinds = [entity_type] if entity_type else EntityType.values
    return Event.objects.filter(entity_type__in=kinds, entity_id=entity_id).order_by("version")
