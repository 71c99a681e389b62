"""Models, which version was live from when to when, and the jobs that train them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agentic.ids import new_id
from agents.models import Agent


class JobStatus(models.TextChoices):
    PENDING = "pending", "Waits for a worker."
    RUNNING = "running", "A worker holds its lease."
    COMPLETED = "completed", "Made a model."
    FAILED = "failed", "Ended with an error."
    CANCELLED = "cancelled", "Called off by a person."


class TrainingJob(models.Model):
    """One training of one model."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model_name = models.CharField(max_length=200)
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.PROTECT, related_name="training_jobs"
    )
    trainer = models.CharField(
        max_length=200, blank=True, help_text="What carried it out; empty until one has taken it."
    )
    status = models.CharField(
        max_length=20, choices=JobStatus.choices, default=JobStatus.PENDING, editable=False
    )
    config = models.JSONField(default=dict, blank=True)
    feedback_ids = models.JSONField(
        default=list,
        blank=True,
        help_text="What it learns from; empty: whatever the trainer finds.",
    )
    data_set_digest = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the examples as they were read."
    )
    progress = models.FloatField(default=0, help_text="From 0 to 1.")
    log = models.TextField(blank=True)
    error = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True, help_text="When the trainer last said a word.")
    finished_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "training_jobs"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=JobStatus.values), name="training_jobs_known_status"
            ),
            models.CheckConstraint(
                condition=Q(progress__gte=0, progress__lte=1), name="training_jobs_progress"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} ({self.status})"


class RegisteredModel(models.Model):
    """One version of a model. At most one version per name is active, by the database."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=200)
    version = models.CharField(max_length=100)
    agent = models.ForeignKey(Agent, null=True, on_delete=models.PROTECT, related_name="models")
    training_job = models.ForeignKey(
        TrainingJob, null=True, on_delete=models.PROTECT, related_name="models"
    )
    metrics = models.JSONField(default=dict, blank=True)
    artifact_path = models.CharField(
        max_length=500, blank=True, help_text="A label, for people: nothing here ever opens it."
    )
    sha256 = models.CharField(max_length=64, blank=True, help_text="Of the artifact.")
    size = models.BigIntegerField(null=True, help_text="Of the artifact, in bytes.")
    is_active = models.BooleanField(default=False, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "models"
        constraints = [
            models.UniqueConstraint(fields=("name", "version"), name="models_one_version"),
            models.UniqueConstraint(
                fields=("name",), condition=Q(is_active=True), name="models_one_active"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


class Activation(models.Model):
    """A version of a model was live from `activated_at` to `ended_at`; null: it still is."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="activations")
    # The model's, so that the database can hold that one version of a name is live.
    name = models.CharField(max_length=200)
    number = models.PositiveIntegerField(help_text="Counts what was live of this name.")
    activated_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="A second person, where one is asked for.",
    )
    restores = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Of a roll-back: the time that it went back to.",
    )

    class Meta:
        db_table = "model_activations"
        constraints = [
            # Also serves "what was live before".
            models.UniqueConstraint(fields=("name", "number"), name="activations_in_order"),
            models.UniqueConstraint(
                fields=("name",), condition=Q(ended_at__isnull=True), name="activations_one_live"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("activated_at")),
                name="activations_end_later",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} from {self.activated_at:%Y-%m-%d %H:%M}"
