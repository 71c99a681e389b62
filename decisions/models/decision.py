"""Decisions, what people said of them, and what is learned from it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from agentic.changes import Machine
from agentic.ids import new_id
from agentic.vocabulary import EntityType
from agents.models import Agent
from decisions.models.task import Attempt, Task
from decisions.states import DECISION_LEGAL, DecisionStatus


class Route(models.TextChoices):
    AUTO = "auto", "Nobody has to look."
    PERSON = "person", "The policy asks a person."
    SAMPLE = "sample", "It would have passed; a person looks anyway, drawn at random."


class Decision(models.Model):
    """Something that an agent wants to do, or a result that it hands in, and what became of it.

    Why it went to a person or not is kept as it was at that moment: policy and model version, risk, and the probability
    with which it would have been drawn for the audit sample.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="decisions")
    attempt = models.ForeignKey(
        Attempt, null=True, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.PROTECT, related_name="decisions", db_index=False
    )
    decision_type = models.CharField(max_length=100)
    confidence = models.FloatField(null=True)
    rationale = models.TextField(default="", db_default="", blank=True)
    proposal = models.JSONField()
    evidence = models.JSONField(null=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the type and the proposal.")
    status = models.CharField(
        max_length=20,
        choices=DecisionStatus.choices,
        default=DecisionStatus.PENDING,
        db_default=DecisionStatus.PENDING,
        editable=False,
    )
    route = models.CharField(max_length=10, choices=Route.choices)
    reason = models.CharField(max_length=300, help_text="Why it went this way, for people.")
    policy_version = models.PositiveIntegerField(null=True)
    model_version = models.CharField(max_length=100, default="", db_default="", blank=True)
    predicted_risk = models.FloatField(
        null=True, help_text="The probability that a person would correct it, by the model."
    )
    risk_reasons = models.JSONField(
        null=True, help_text="What raised or lowered the risk most, strongest first."
    )
    recalibrated_confidence = models.FloatField(
        null=True, help_text="What the stated confidence was worth, by past verdicts."
    )
    audit_probability = models.FloatField()
    version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    due_at = models.DateTimeField(null=True, help_text="When a person should have decided.")
    reserved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        db_index=False,
        help_text="Who is looking at it at this moment; others may still decide.",
    )
    reserved_until = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "decisions"
        ordering = ("-created_at",)
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=DecisionStatus.values), name="decisions_known_status"
            ),
            models.CheckConstraint(
                condition=Q(route__in=Route.values), name="decisions_known_route"
            ),
            models.CheckConstraint(
                condition=Q(confidence__isnull=True)
                | (Q(confidence__gte=0) & Q(confidence__lte=1)),
                name="decisions_confidence_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(predicted_risk__isnull=True)
                | Q(predicted_risk__gte=0) & Q(predicted_risk__lte=1),
                name="decisions_risk_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(recalibrated_confidence__isnull=True)
                | Q(recalibrated_confidence__gte=0) & Q(recalibrated_confidence__lte=1),
                name="decisions_recalibrated_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(audit_probability__gte=0) & Q(audit_probability__lte=1),
                name="decisions_probability_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(reserved_by__isnull=True, reserved_until__isnull=True)
                | Q(reserved_by__isnull=False, reserved_until__isnull=False),
                name="decisions_reservations_end",
            ),
            models.UniqueConstraint(
                # A retry gets the verdict that was given; what expired or was answered by text may be asked again.
                fields=("task", "decision_type", "digest"),
                condition=~Q(status__in=[DecisionStatus.EXPIRED, DecisionStatus.RESPONDED]),
                name="decisions_asked_once",
            ),
        ]
        indexes = [
            # The review queue.
            models.Index(
                fields=("due_at",),
                condition=Q(status=DecisionStatus.PENDING),
                name="decisions_pending",
            ),
            # How much an agent brings to people in an hour.
            models.Index(
                fields=("agent", "created_at"),
                condition=Q(route__in=[Route.PERSON, Route.SAMPLE]),
                name="decisions_for_people",
            ),
            # What is estimated of those that nobody saw: the newest of the audit sample.
            models.Index(
                fields=("created_at",),
                condition=Q(route=Route.SAMPLE),
                name="decisions_sampled",
            ),
            # What a person looks at, to let it go when they open another.
            models.Index(
                fields=("reserved_by",),
                condition=Q(reserved_by__isnull=False),
                name="decisions_reserved",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision_type} ({self.status})"


DECISIONS = Machine(
    entity=EntityType.DECISION, model=Decision, legal=DECISION_LEGAL, column="status"
)


class Verdict(models.TextChoices):
    APPROVE = "approve", "Do it."
    EDIT = "edit", "Do it like this."
    REJECT = "reject", "Do not do it."
    RESPOND = "respond", "Read this, and decide anew."
    OVERRIDE = "override", "The person decides the whole task."


class ReasonCode(models.TextChoices):
    WRONG = "wrong", "The result is wrong."
    INCOMPLETE = "incomplete", "Something is missing."
    POLICY = "policy", "It is against a rule."
    RISK = "risk", "It is too risky."
    DUPLICATE = "duplicate", "It was done before."
    OTHER = "other", "Something else; see the reason."


class Review(models.Model):
    """What one person said of one decision, or of a task as a whole."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="reviews")
    decision = models.ForeignKey(
        Decision, null=True, on_delete=models.CASCADE, related_name="reviews", db_index=False
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reviews"
    )
    verdict = models.CharField(max_length=20, choices=Verdict.choices)
    reason_code = models.CharField(
        max_length=20, choices=ReasonCode.choices, default="", db_default="", blank=True
    )
    reason = models.TextField(default="", db_default="", blank=True)
    new_proposal = models.JSONField(null=True)
    seconds_spent = models.FloatField(null=True)
    policy_version = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "reviews"
        ordering = ("created_at",)
        constraints = [
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values), name="reviews_known_verdict"
            ),
            models.CheckConstraint(
                condition=~Q(verdict=Verdict.REJECT) | Q(reason_code__in=ReasonCode.values),
                name="reviews_rejections_have_a_reason",
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=[Verdict.EDIT, Verdict.OVERRIDE])
                | Q(new_proposal__isnull=False),
                name="reviews_edits_have_a_proposal",
            ),
            models.UniqueConstraint(fields=("decision",), name="reviews_one_per_decision"),
        ]
        indexes = [
            # How many verdicts are new since the last training.
            models.Index(fields=("created_at",), name="reviews_by_time"),
        ]

    def __str__(self) -> str:
        return self.verdict


class FeedbackType(models.TextChoices):
    HUMAN_CORRECTION = "human_correction", "What a person said of a decision."
    OUTCOME_RESULT = "outcome_result", "How it turned out."
    PERFORMANCE_METRIC = "performance_metric", "A measured figure."
    USER_RATING = "user_rating", "A rating by a user."


class Feedback(models.Model):
    """A labelled example, with where it comes from."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="feedback")
    agent = models.ForeignKey(
        Agent, null=True, on_delete=models.PROTECT, related_name="feedback", db_index=False
    )
    decision = models.ForeignKey(
        Decision, null=True, on_delete=models.CASCADE, related_name="feedback", db_index=False
    )
    feedback_type = models.CharField(max_length=30, choices=FeedbackType.choices)
    content = models.JSONField(default=dict)
    source_user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        db_table = "feedback"
        verbose_name_plural = "feedback"
        constraints = [
            models.CheckConstraint(
                condition=Q(feedback_type__in=FeedbackType.values), name="feedback_known_type"
            ),
        ]
        indexes = [
            # What an agent reads of its own; ids sort by time.
            models.Index(fields=("agent", "id"), name="feedback_of_an_agent"),
        ]

    def __str__(self) -> str:
        return self.feedback_type
