"""The kill switch: what is stopped gets no work until a person lets it go on."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agentic.ids import new_id
from agents.models import Agent


class StopScope(models.TextChoices):
    AGENT = "agent", "One agent."
    TASK_TYPE = "task_type", "All tasks of one type."
    EVERYTHING = "everything", "All work on the platform."


class Stop(models.Model):
    """While it is not lifted, nothing in its scope is assigned, and nobody holds a lease in it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    scope = models.CharField(max_length=20, choices=StopScope.choices)
    agent = models.ForeignKey(
        Agent, null=True, blank=True, on_delete=models.PROTECT, related_name="stops"
    )
    task_type = models.CharField(max_length=100, blank=True)
    reason = models.TextField()
    version = models.PositiveIntegerField(default=0, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "stops"
        ordering = ("-created_at", "-id")
        constraints = [
            models.CheckConstraint(
                condition=Q(scope=StopScope.AGENT, agent__isnull=False, task_type="")
                | Q(scope=StopScope.TASK_TYPE, agent__isnull=True) & ~Q(task_type="")
                | Q(scope=StopScope.EVERYTHING, agent__isnull=True, task_type=""),
                name="stops_one_target",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="stops_have_a_reason"),
            # Read by every claim and every offer, too: who and what is stopped at this moment.
            models.UniqueConstraint(
                fields=("agent",),
                condition=Q(lifted_at__isnull=True, scope=StopScope.AGENT),
                name="stops_one_per_agent",
            ),
            models.UniqueConstraint(
                fields=("task_type",),
                condition=Q(lifted_at__isnull=True, scope=StopScope.TASK_TYPE),
                name="stops_one_per_type",
            ),
            models.UniqueConstraint(
                fields=("scope",),
                condition=Q(lifted_at__isnull=True, scope=StopScope.EVERYTHING),
                name="stops_one_of_everything",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope}: {self.agent or self.task_type or 'all'}"
