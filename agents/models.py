"""The registry: who may work, what they can do, and when they were last heard of."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agentic.changes import Machine
from agentic.ids import new_id
from agentic.vocabulary import EntityType


class AgentStatus(models.TextChoices):
    AVAILABLE = "available", "Takes work."
    BUSY = "busy", "Keeps what it has and takes no more."
    OFFLINE = "offline", "Not heard of, or taken offline."
    MAINTENANCE = "maintenance", "Taken out of service by an operator, until one puts it back."


class Agent(models.Model):
    """A program that works on tasks.

    `silent_at` is the moment from which it counts as dead. It is null while nobody expects to hear from the agent: in
    maintenance, and offline once its tasks have moved on.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200, unique=True)
    agent_type = models.CharField(max_length=100, default="default", db_default="default")
    status = models.CharField(
        max_length=20,
        choices=AgentStatus.choices,
        default=AgentStatus.OFFLINE,
        db_default=AgentStatus.OFFLINE,
        editable=False,
    )
    capabilities = models.JSONField(
        default=list, blank=True, help_text="A list of words, as tasks require them."
    )
    task_types = models.JSONField(
        default=list,
        blank=True,
        help_text="The kinds of task that it takes, as it says itself; empty: any.",
    )
    config = models.JSONField(default=dict, blank=True)
    max_concurrent_tasks = models.PositiveIntegerField(
        default=1, db_default=1, validators=[MinValueValidator(1), MaxValueValidator(1000)]
    )
    priority_level = models.IntegerField(
        default=0, db_default=0, help_text="Higher is asked first by the strategy priority_based."
    )
    max_decisions_per_hour = models.PositiveIntegerField(
        default=1000,
        db_default=1000,
        validators=[MinValueValidator(1), MaxValueValidator(1_000_000)],
        help_text="Hands in more than this for people to look at: it is paused, and operators are told.",
    )
    paused_because = models.CharField(
        max_length=200,
        default="",
        db_default="",
        blank=True,
        editable=False,
        help_text="Why it was taken out of service; empty while it is in service.",
    )
    client_version = models.CharField(
        max_length=100, default="", db_default="", blank=True, editable=False
    )
    framework = models.CharField(
        max_length=100, default="", db_default="", blank=True, editable=False
    )
    last_seen_at = models.DateTimeField(null=True, editable=False)
    silent_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "agents"
        ordering = ("name",)
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AgentStatus.values), name="agents_known_status"
            ),
            models.CheckConstraint(
                condition=Q(max_concurrent_tasks__gte=1) & Q(max_concurrent_tasks__lte=1000),
                name="agents_capacity",
            ),
            models.CheckConstraint(
                condition=Q(max_decisions_per_hour__gte=1), name="agents_decision_cap"
            ),
        ]
        indexes = [
            # The sweep, for agents that went silent.
            models.Index(
                fields=("silent_at",), condition=Q(silent_at__isnull=False), name="agents_silent"
            ),
        ]

    def __str__(self) -> str:
        return self.name


# An operator's maintenance is ended by an operator only; the services see to that, as the database knows no people.
AGENTS = Machine(
    entity=EntityType.AGENT,
    model=Agent,
    legal={status: frozenset(AgentStatus.values) for status in AgentStatus.values},
    column="status",
)


class AgentKey(models.Model):
    """A credential of an agent: only the digest of its secret is kept."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="keys")
    prefix = models.CharField(
        max_length=16, help_text="The part that may be shown, to tell keys apart."
    )
    secret_sha256 = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "agent_keys"
        ordering = ("-created_at",)
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__isnull=True) | Q(expires_at__gt=F("created_at")),
                name="agent_keys_expire_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}…"
