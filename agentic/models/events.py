"""Events, which every other part stands on, and the marks of what has to run again and again."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from agentic.actors import ActorKind, Source
from agentic.ids import new_id
from agentic.models.append_only import AppendOnlyModel
from agentic.vocabulary import EntityType, EventType


class Event(AppendOnlyModel):
    """One thing that happened, in the transaction in which it happened.

    `version` counts without a gap per entity; `position` is the global order in which readers follow
    (`agentic.events.read_after`). No index serves `id`: readers find an event by position or by entity.
    """

    position = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=new_id, editable=False)
    entity_type = models.CharField(max_length=20, choices=EntityType.choices)
    entity_id = models.UUIDField()
    version = models.PositiveIntegerField()
    event_type = models.CharField(max_length=40, choices=EventType.choices)
    data = models.JSONField(default=dict)
    actor_kind = models.CharField(max_length=10, choices=ActorKind.choices)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=200)
    user_id = models.UUIDField(null=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    correlation_id = models.CharField(max_length=64, default="", blank=True)
    traceparent = models.CharField(max_length=64, default="", blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "events"
        ordering = ("position",)
        constraints = [
            # Gap-free order per entity; also serves "the events of this task".
            models.UniqueConstraint(
                fields=("entity_type", "entity_id", "version"), name="events_one_version"
            ),
            models.CheckConstraint(
                condition=models.Q(event_type__in=EventType.values), name="events_closed_vocabulary"
            ),
            models.CheckConstraint(
                condition=models.Q(entity_type__in=EntityType.values), name="events_known_entity"
            ),
        ]
        indexes = [
            # GET /decisions/events?entity_type=
            models.Index(fields=("entity_type", "position"), name="events_by_type"),
        ]

    def __str__(self) -> str:
        return f"{self.position} {self.event_type}"


class Heartbeat(models.Model):
    """When something that has to run again and again did so last (`agentic.heartbeats`)."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "heartbeats"

    def __str__(self) -> str:
        return self.name
