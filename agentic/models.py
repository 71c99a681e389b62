"""People and events: the tables that every other part stands on."""

from __future__ import annotations

from typing import Any, NoReturn

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Now

from agentic.actors import ActorKind, Source
from agentic.ids import new_id
from agentic.vocabulary import EntityType, EventType


class User(AbstractUser):
    """A person who signs in. What they may do comes from their groups, read anew at each request."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    role_names: frozenset[str]  # once `agentic.roles` has read them

    class Meta:
        db_table = "users"

    @property
    def name(self) -> str:
        return self.get_full_name() or self.username


class AppendOnly(Exception):
    """Events are written once: they can be neither changed nor deleted."""


class EventQuerySet(models.QuerySet["Event"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly


class Event(models.Model):
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

    objects = EventQuerySet.as_manager()

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

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly


class Heartbeat(models.Model):
    """When something that has to run again and again did so last (`agentic.heartbeats`)."""

    name = models.CharField(max_length=50, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        db_table = "heartbeats"

    def __str__(self) -> str:
        return self.name
