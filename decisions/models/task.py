"""Tasks, the attempts at them, and what was handed to people."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agentic.changes import Machine
from agentic.ids import new_id
from agentic.vocabulary import EntityType
from agents.models import Agent
from decisions.states import HELD, LEGAL, OPEN, OVERRIDABLE, State


class Priority(models.IntegerChoices):
    LOW = 0, "low"
    MEDIUM = 1, "medium"
    HIGH = 2, "high"
    CRITICAL = 3, "critical"


class Outcome(models.TextChoices):
    """How an attempt ended."""

    COMPLETED = "completed", "It handed in a result."
    FAILED = "failed", "It reported an error."
    RELEASED = "released", "It gave the task back."
    SUSPENDED = "suspended", "It paused, to go on later."
    ACK_MISSED = "ack_missed", "It did not confirm in time."
    LEASE_LOST = "lease_lost", "It was silent for longer than its lease."
    AGENT_OFFLINE = "agent_offline", "Its agent went silent or was taken out of service."
    STOPPED = "stopped", "A person or its parent stopped it."


class WaitsFor(models.TextChoices):
    """What a suspended task waits for, besides its time."""

    NOTHING = "", "Its time only."
    DECISION = "decision", "The verdict on its pending decision."
    CHILDREN = "children", "The end of the tasks that it delegated."


class Task(models.Model):
    """A piece of work. `due_at` is the next moment at which the row needs a look, whatever its state."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    title = models.CharField(max_length=200)
    description = models.TextField(default="", db_default="", blank=True)
    task_type = models.CharField(max_length=100, default="default", db_default="default")
    priority = models.SmallIntegerField(
        choices=Priority.choices, default=Priority.MEDIUM, db_default=Priority.MEDIUM
    )
    state = models.CharField(
        max_length=20,
        choices=State.choices,
        default=State.QUEUED,
        db_default=State.QUEUED,
        editable=False,
    )
    payload = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    required_capabilities = models.JSONField(default=list, blank=True)
    excluded_agents = models.JSONField(
        default=list,
        editable=False,
        help_text="The chain of agents above a delegated task: it never goes back to them.",
    )
    # Each of these costs every change of a task; nothing is looked up by them, or a partial index below serves.
    target_agent = models.ForeignKey(
        Agent,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Nobody else may take it.",
    )
    assigned_agent = models.ForeignKey(
        Agent,
        null=True,
        on_delete=models.PROTECT,
        related_name="tasks",
        editable=False,
        db_index=False,
    )
    parent = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="children",
        editable=False,
        db_index=False,
    )
    depth = models.SmallIntegerField(default=0, db_default=0, editable=False)
    retry_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    max_retries = models.PositiveIntegerField()
    attempt_count = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    ack_timeout = models.PositiveIntegerField(help_text="Seconds that an agent has to confirm.")
    lease_seconds = models.PositiveIntegerField(help_text="Seconds that an agent may be silent.")
    # After Temporal's RetryPolicy.
    backoff_initial = models.FloatField(
        default=1.0, db_default=1.0, help_text="Seconds before the first retry."
    )
    backoff_coefficient = models.FloatField(default=2.0, db_default=2.0)
    backoff_maximum = models.FloatField(
        default=100.0, db_default=100.0, help_text="Seconds; no backoff is longer."
    )
    non_retryable_errors = models.JSONField(default=list, blank=True)
    due_at = models.DateTimeField(null=True, editable=False)
    waits_for = models.CharField(
        max_length=10,
        choices=WaitsFor.choices,
        default="",
        db_default="",
        blank=True,
        editable=False,
    )
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    stuck_version = models.PositiveIntegerField(
        null=True,
        editable=False,
        help_text="The version at which the sweep could not move the task.",
    )
    # Null where the creator gave none: the unique constraint is for those that have one.
    idempotency_key = models.CharField(max_length=200, null=True, editable=False)  # noqa: DJ001
    traceparent = models.CharField(max_length=64, default="", db_default="", editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="tasks",
        editable=False,
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    updated_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "tasks"
        ordering = ("-created_at", "-id")
        constraints = [
            models.CheckConstraint(condition=Q(state__in=State.values), name="tasks_known_state"),
            models.CheckConstraint(
                condition=Q(priority__in=Priority.values), name="tasks_known_priority"
            ),
            models.CheckConstraint(
                condition=Q(state__in=HELD, assigned_agent__isnull=False) | ~Q(state__in=HELD),
                name="tasks_held_by_an_agent",
            ),
            models.CheckConstraint(
                # A lease, a review, a backoff and an escalation each end by themselves.
                condition=Q(due_at__isnull=False)
                | Q(state__in=[State.QUEUED, State.VERIFIED, State.CANCELLED]),
                name="tasks_waiting_have_a_timer",
            ),
            models.CheckConstraint(
                condition=Q(due_at__isnull=True) | Q(state__in=OPEN),
                name="tasks_ended_have_no_timer",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[State.COMPLETED, State.VERIFIED], result__isnull=False)
                | ~Q(state__in=[State.COMPLETED, State.VERIFIED]),
                name="tasks_done_have_a_result",
            ),
            models.CheckConstraint(
                condition=Q(retry_count__lte=F("max_retries")), name="tasks_retries_bounded"
            ),
            models.CheckConstraint(
                condition=Q(ack_timeout__gte=1) & Q(lease_seconds__gte=1),
                name="tasks_timeouts_positive",
            ),
            models.CheckConstraint(
                condition=Q(backoff_initial__gt=0)
                & Q(backoff_coefficient__gte=1)
                & Q(backoff_maximum__gt=0),
                name="tasks_backoff_sane",
            ),
            models.UniqueConstraint(
                fields=("created_by", "idempotency_key"),
                condition=Q(parent__isnull=True, idempotency_key__isnull=False),
                name="tasks_one_per_key",
            ),
            models.UniqueConstraint(
                fields=("parent", "idempotency_key"),
                condition=Q(parent__isnull=False),
                name="tasks_one_child_per_key",
            ),
        ]
        indexes = [
            # The sweep and the auditor: what is due.
            models.Index(fields=("due_at",), condition=Q(due_at__isnull=False), name="tasks_due"),
            # A claim: what is queued, by priority and age.
            models.Index(
                F("priority").desc(),
                "created_at",
                "id",  # tasks of one call are of one age
                condition=Q(state=State.QUEUED),
                name="tasks_claimable",
            ),
            # An agent's own tasks: what is assigned to it, and what moves on when it dies.
            models.Index(
                fields=("assigned_agent",), condition=Q(state__in=HELD), name="tasks_held"
            ),
            # The auditor: what the sweep could not move.
            models.Index(
                fields=("stuck_version",),
                condition=Q(stuck_version__isnull=False),
                name="tasks_stuck",
            ),
            # GET /decisions/tasks, newest first, all of them or one state.
            models.Index(F("created_at").desc(), F("id").desc(), name="tasks_newest"),
            models.Index(
                "state", F("created_at").desc(), F("id").desc(), name="tasks_newest_by_state"
            ),
        ]

    def __str__(self) -> str:
        return self.title


TASKS = Machine(entity=EntityType.TASK, model=Task, legal=LEGAL)
# The override's own table: a person's decision ends a task from every open state.
TASK_OVERRIDES = Machine(entity=EntityType.TASK, model=Task, legal=OVERRIDABLE)


class Attempt(models.Model):
    """One assignment of a task to an agent, from the lease to its end."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="attempts", db_index=False
    )
    number = models.PositiveIntegerField()
    agent = models.ForeignKey(
        Agent, on_delete=models.PROTECT, related_name="attempts", db_index=False
    )
    lease_token = models.UUIDField(
        help_text="What the agent must show; a new attempt has a new one."
    )
    assigned_at = models.DateTimeField(db_default=Now())
    acked_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    lease_expires_at = models.DateTimeField(help_text="While assigned, when the ack is due.")
    progress = models.FloatField(null=True)
    message = models.CharField(max_length=500, default="", db_default="", blank=True)
    checkpoint = models.JSONField(null=True)
    outcome = models.CharField(
        max_length=20, choices=Outcome.choices, default="", db_default="", blank=True
    )
    error = models.JSONField(null=True)
    request_digest = models.CharField(
        max_length=64,
        default="",
        db_default="",
        help_text="SHA-256 of the call that ended it: the same call again gets the same answer.",
    )

    class Meta:
        db_table = "attempts"
        ordering = ("number",)
        constraints = [
            models.UniqueConstraint(fields=("task", "number"), name="attempts_numbered"),
            models.UniqueConstraint(
                fields=("task",), condition=Q(ended_at__isnull=True), name="attempts_one_open"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, outcome="")
                | Q(ended_at__isnull=False, outcome__in=Outcome.values),
                name="attempts_end_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(progress__isnull=True) | (Q(progress__gte=0) & Q(progress__lte=1)),
                name="attempts_progress_is_a_share",
            ),
        ]
        indexes = [
            # The agents page, and round_robin: an agent's latest attempts.
            models.Index(fields=("agent", "assigned_at"), name="attempts_by_agent"),
        ]

    def __str__(self) -> str:
        return f"attempt {self.number}"


class Escalation(models.Model):
    """A task was handed to people, and what they did about it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="escalations")
    level = models.PositiveSmallIntegerField(default=1, db_default=1)
    reason = models.TextField()
    opened_at = models.DateTimeField(db_default=Now())
    opened_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="The person who takes care of it.",
    )
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    resolution = models.CharField(max_length=20, default="", db_default="", blank=True)

    class Meta:
        db_table = "escalations"
        constraints = [
            models.UniqueConstraint(
                fields=("task",), condition=Q(resolved_at__isnull=True), name="escalations_one_open"
            ),
            models.CheckConstraint(condition=Q(level__gte=1), name="escalations_level"),
        ]
        indexes = [
            # The open ones as the pages of escalations, the dashboard and the review desk list them.
            models.Index(
                fields=("-level", "opened_at", "id"),
                condition=Q(resolved_at__isnull=True),
                name="escalations_by_urgency",
            ),
        ]

    def __str__(self) -> str:
        return f"level {self.level}: {self.reason}"


class Comment(models.Model):
    """What a person noted on a task, for the others who look at it. Agents do not see it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(
        Task, on_delete=models.CASCADE, related_name="comments", db_index=False
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    text = models.TextField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "comments"
        ordering = ("created_at", "id")
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="comments_say_something")]
        indexes = [
            # The page of a task.
            models.Index(fields=("task", "created_at"), name="comments_of_a_task"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
