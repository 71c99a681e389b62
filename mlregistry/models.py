"""Models, which version was live from when to when, and the jobs that train them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agentic.changes import Machine
from agentic.ids import new_id
from agentic.vocabulary import EntityType
from agents.models import Agent


class JobStatus(models.TextChoices):
    PENDING = "pending", "Waits for a worker."
    RUNNING = "running", "A worker holds its lease."
    COMPLETED = "completed", "Made a model."
    FAILED = "failed", "Ended with an error."
    CANCELLED = "cancelled", "Called off by a person."


J = JobStatus
JOB_LEGAL: dict[str, frozenset[str]] = {
    J.PENDING: frozenset({J.RUNNING, J.CANCELLED, J.FAILED}),
    J.RUNNING: frozenset({J.COMPLETED, J.FAILED, J.CANCELLED}),
    **{status: frozenset() for status in (J.COMPLETED, J.FAILED, J.CANCELLED)},
}


class Trigger(models.TextChoices):
    PERSON = "person", "A person asked for it."
    COMMAND = "command", "It was asked for on the command line."
    VERDICTS = "verdicts", "So many verdicts were new since the last one."


class TrainingJob(models.Model):
    """One training of one model, by whichever worker holds its lease.

    What it learned from, by which code, with which parameters and seed stands in the row: done again it gives the same.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model_name = models.CharField(max_length=200)
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.PROTECT, related_name="training_jobs"
    )
    trainer = models.CharField(
        max_length=200, blank=True, help_text="By its name in the settings; empty: the model's own."
    )
    trigger = models.CharField(
        max_length=10, choices=Trigger.choices, default=Trigger.PERSON, db_default=Trigger.PERSON
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
    seed = models.PositiveIntegerField(default=0, db_default=0)
    code_version = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="SHA-256 of the trainer's code.",
    )
    progress = models.FloatField(default=0, help_text="From 0 to 1.")
    metrics = models.JSONField(default=dict, blank=True)
    log = models.TextField(blank=True)
    error = models.TextField(blank=True)
    taken_count = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How often a worker took it."
    )
    lease_token = models.UUIDField(null=True, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)
    cancel_requested_at = models.DateTimeField(null=True, editable=False)
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
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
            models.CheckConstraint(
                condition=Q(
                    status=JobStatus.RUNNING,
                    lease_token__isnull=False,
                    lease_expires_at__isnull=False,
                )
                | ~Q(status=JobStatus.RUNNING)
                & Q(lease_token__isnull=True, lease_expires_at__isnull=True),
                name="training_jobs_lease_while_running",
            ),
            models.CheckConstraint(
                condition=Q(status__in=[JobStatus.PENDING, JobStatus.RUNNING])
                | Q(finished_at__isnull=False),
                name="training_jobs_ended_have_a_time",
            ),
            models.UniqueConstraint(
                # Verdicts go on while it trains: the next job begins when this one has ended.
                fields=("model_name",),
                condition=Q(
                    trigger=Trigger.VERDICTS, status__in=[JobStatus.PENDING, JobStatus.RUNNING]
                ),
                name="training_jobs_one_by_verdicts",
            ),
        ]
        indexes = [
            # The sweep, and a worker that looks for work: what nobody holds, or nobody renews.
            models.Index(
                fields=("created_at",),
                condition=Q(status__in=[JobStatus.PENDING, JobStatus.RUNNING]),
                name="training_jobs_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model_name} ({self.status})"


JOBS = Machine(entity=EntityType.TRAINING_JOB, model=TrainingJob, legal=JOB_LEGAL, column="status")


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
    parameters = models.JSONField(default=dict, blank=True)
    data_set_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    signature = models.JSONField(
        default=dict, blank=True, help_text="Names and types of what goes in and what comes out."
    )
    card = models.JSONField(
        default=dict,
        blank=True,
        help_text="What it was trained on, how good it is on what it had not seen, and its limits.",
    )
    format = models.CharField(
        max_length=20, blank=True, default="", db_default="", help_text="Of the artifact."
    )
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


class RequestStatus(models.TextChoices):
    OPEN = "open", "Waits for a second person."
    APPROVED = "approved", "The version went live."
    REFUSED = "refused", "A second person said no, or the asker withdrew."


class ActivationRequest(models.Model):
    """Somebody wants a version to go live that decisions will rest on: a second person must agree."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="requests")
    name = models.CharField(max_length=200)
    reason = models.TextField()
    gate = models.JSONField(default=dict, help_text="The metrics that it was held against.")
    status = models.CharField(
        max_length=10, choices=RequestStatus.choices, default=RequestStatus.OPEN
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(db_default=Now())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    class Meta:
        db_table = "activation_requests"
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RequestStatus.values),
                name="activation_requests_known_status",
            ),
            models.CheckConstraint(
                condition=Q(status=RequestStatus.OPEN, decided_by__isnull=True)
                | ~Q(status=RequestStatus.OPEN) & Q(decided_by__isnull=False),
                name="activation_requests_decided_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(status=RequestStatus.APPROVED) | ~Q(decided_by=F("requested_by")),
                name="activation_requests_two_people",
            ),
            models.UniqueConstraint(
                fields=("name",),
                condition=Q(status=RequestStatus.OPEN),
                name="activation_requests_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} ({self.status})"
