"""Models, which version is live since when, and the jobs that train them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
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
    trainer = models.CharField(max_length=200)
    status = models.CharField(
        max_length=20, choices=JobStatus.choices, default=JobStatus.PENDING, editable=False
    )
    config = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "training_jobs"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=JobStatus.values), name="training_jobs_known_status"
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
