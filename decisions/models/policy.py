"""The policy that chooses which decisions a person must look at, and drafts of it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from agentic.ids import new_id


class Budget(models.TextChoices):
    NONE = "", "By thresholds of confidence alone."
    SHARE = "share", "So much of all can be looked at."
    ERROR = "error", "So much of what nobody looks at may be wrong."


class ReviewPolicy(models.Model):
    """One version of the rule that says which decisions a person must look at. Versions are never edited."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.PositiveIntegerField(unique=True, editable=False)
    threshold = models.FloatField(
        null=True,
        blank=True,
        default=0.9,
        help_text="At this stated confidence or more nobody has to look (0 to 1). Empty always asks a person.",
    )
    task_types = models.JSONField(
        default=dict, blank=True, help_text='Other thresholds by task type: {"refund": 0.95}.'
    )
    priorities = models.JSONField(
        default=dict,
        blank=True,
        help_text='Thresholds by priority: {"critical": null}; null always asks a person.',
    )
    sample_share = models.FloatField(
        default=0.05,
        db_default=0.05,
        help_text="The share of those that would pass which a person sees anyway, drawn at random (0 to 1). "
        "0 needs a note that says why.",
    )
    review_seconds = models.PositiveIntegerField(
        default=24 * 3600,
        db_default=24 * 3600,
        help_text="Within this many seconds a person should decide; after them the task is escalated.",
    )
    budget = models.CharField(
        max_length=10, choices=Budget.choices, default="", db_default="", blank=True
    )
    budget_value = models.FloatField(
        null=True, blank=True, help_text="The share that the budget speaks of (0 to 1)."
    )
    risk_threshold = models.FloatField(
        null=True,
        blank=True,
        help_text="At this predicted risk or more a person looks; found by simulation for the budget.",
    )
    risk_model_version = models.CharField(
        max_length=100,
        default="",
        db_default="",
        blank=True,
        editable=False,
        help_text="The version of the risk model that the threshold of risk was found for.",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        help_text="The second person, who published the draft.",
    )
    is_active = models.BooleanField(default=False, db_default=False, editable=False)
    note = models.CharField(
        max_length=300,
        default="",
        db_default="",
        blank=True,
        help_text="Why this version: for whoever reads the history.",
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        db_table = "review_policies"
        ordering = ("-version",)
        verbose_name_plural = "review policies"
        constraints = [
            models.UniqueConstraint(
                fields=("is_active",),
                condition=Q(is_active=True),
                name="review_policies_one_active",
            ),
            models.CheckConstraint(
                condition=Q(threshold__gte=0) & Q(threshold__lte=1),
                name="review_policies_threshold",
            ),
            models.CheckConstraint(
                condition=Q(sample_share__gte=0) & Q(sample_share__lte=1),
                name="review_policies_share",
            ),
            models.CheckConstraint(
                condition=Q(version__gte=1) & Q(review_seconds__gte=1),
                name="review_policies_positive",
            ),
            models.CheckConstraint(
                condition=Q(budget="", budget_value__isnull=True, risk_threshold__isnull=True)
                | Q(budget__in=[Budget.SHARE, Budget.ERROR])
                & Q(budget_value__gte=0, budget_value__lte=1)
                & Q(risk_threshold__gte=0, risk_threshold__lte=1),
                name="review_policies_budget",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("created_by")),
                name="review_policies_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class DraftState(models.TextChoices):
    OPEN = "open", "May be simulated, and published by another person."
    PUBLISHED = "published", "Became a version of the policy."
    CLOSED = "closed", "Was put aside."


class PolicyDraft(models.Model):
    """A review policy that somebody proposes, with what a simulation over past decisions said of it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    rules = models.JSONField(help_text="As a version has them, with the budget.")
    note = models.CharField(max_length=300, default="", db_default="", blank=True)
    state = models.CharField(max_length=10, choices=DraftState.choices, default=DraftState.OPEN)
    simulation = models.JSONField(null=True)
    simulated_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(db_default=Now())
    policy = models.OneToOneField(
        ReviewPolicy, null=True, on_delete=models.PROTECT, related_name="draft"
    )

    class Meta:
        db_table = "policy_drafts"
        ordering = ("-created_at",)
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=DraftState.values), name="policy_drafts_known_state"
            ),
            models.CheckConstraint(
                condition=Q(state=DraftState.PUBLISHED, policy__isnull=False)
                | ~Q(state=DraftState.PUBLISHED) & Q(policy__isnull=True),
                name="policy_drafts_published_have_a_version",
            ),
            models.CheckConstraint(
                condition=Q(simulation__isnull=True, simulated_at__isnull=True)
                | Q(simulation__isnull=False, simulated_at__isnull=False),
                name="policy_drafts_simulated_at",
            ),
        ]

    def __str__(self) -> str:
        return f"draft of {self.created_at:%Y-%m-%d %H:%M} ({self.state})"
