"""What models say of decisions, budgets of the review policy, and drafts of it."""

from __future__ import annotations

from typing import Any

import agentic.ids
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from decisions.guards import (
    PUBLISHED_AT_FIRST,
    PUBLISHED_WITH_A_BUDGET,
    install_again,
    protect_policies,
    unprotect_policies,
)


def unguarded(apps: Any, schema_editor: Any) -> None:
    unprotect_policies(schema_editor)


def guarded(apps: Any, schema_editor: Any) -> None:
    install_again(schema_editor)
    protect_policies(schema_editor, PUBLISHED_WITH_A_BUDGET)


def guarded_as_before(apps: Any, schema_editor: Any) -> None:
    install_again(schema_editor)
    protect_policies(schema_editor, PUBLISHED_AT_FIRST)


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0001_initial"),
        ("decisions", "0006_decisions_sampled"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Backwards it is the last thing that is done.
        migrations.RunPython(unguarded, guarded_as_before),
        migrations.CreateModel(
            name="PolicyDraft",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=agentic.ids.new_id,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("rules", models.JSONField(help_text="As a version has them, with the budget.")),
                ("note", models.CharField(blank=True, db_default="", default="", max_length=300)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "May be simulated, and published by another person."),
                            ("published", "Became a version of the policy."),
                            ("closed", "Was put aside."),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                ("simulation", models.JSONField(null=True)),
                ("simulated_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "db_table": "policy_drafts",
                "ordering": ("-created_at",),
            },
        ),
        migrations.AddField(
            model_name="decision",
            name="recalibrated_confidence",
            field=models.FloatField(
                help_text="What the stated confidence was worth, by past verdicts.", null=True
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="risk_reasons",
            field=models.JSONField(
                help_text="What raised or lowered the risk most, strongest first.", null=True
            ),
        ),
        migrations.AddField(
            model_name="reviewpolicy",
            name="approved_by",
            field=models.ForeignKey(
                editable=False,
                help_text="The second person, who published the draft.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="reviewpolicy",
            name="budget",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "By thresholds of confidence alone."),
                    ("share", "So much of all can be looked at."),
                    ("error", "So much of what nobody looks at may be wrong."),
                ],
                db_default="",
                default="",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="reviewpolicy",
            name="budget_value",
            field=models.FloatField(
                blank=True, help_text="The share that the budget speaks of (0 to 1).", null=True
            ),
        ),
        migrations.AddField(
            model_name="reviewpolicy",
            name="risk_threshold",
            field=models.FloatField(
                blank=True,
                help_text="At this predicted risk or more a person looks; found by simulation for the budget.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="decision",
            name="predicted_risk",
            field=models.FloatField(
                help_text="The probability that a person would correct it, by the model.", null=True
            ),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["created_at"], name="reviews_by_time"),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("predicted_risk__isnull", True),
                    models.Q(("predicted_risk__gte", 0), ("predicted_risk__lte", 1)),
                    _connector="OR",
                ),
                name="decisions_risk_is_a_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("recalibrated_confidence__isnull", True),
                    models.Q(
                        ("recalibrated_confidence__gte", 0), ("recalibrated_confidence__lte", 1)
                    ),
                    _connector="OR",
                ),
                name="decisions_recalibrated_is_a_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("budget", ""),
                        ("budget_value__isnull", True),
                        ("risk_threshold__isnull", True),
                    ),
                    models.Q(
                        ("budget__in", ["share", "error"]),
                        ("budget_value__gte", 0),
                        ("budget_value__lte", 1),
                        ("risk_threshold__gte", 0),
                        ("risk_threshold__lte", 1),
                    ),
                    _connector="OR",
                ),
                name="review_policies_budget",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewpolicy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approved_by__isnull", True),
                    models.Q(("approved_by", models.F("created_by")), _negated=True),
                    _connector="OR",
                ),
                name="review_policies_two_people",
            ),
        ),
        migrations.AddField(
            model_name="policydraft",
            name="created_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="policydraft",
            name="policy",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="draft",
                to="decisions.reviewpolicy",
            ),
        ),
        migrations.AddConstraint(
            model_name="policydraft",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["open", "published", "closed"])),
                name="policy_drafts_known_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="policydraft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("policy__isnull", False), ("state", "published")),
                    models.Q(
                        models.Q(("state", "published"), _negated=True), ("policy__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="policy_drafts_published_have_a_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="policydraft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("simulated_at__isnull", True), ("simulation__isnull", True)),
                    models.Q(("simulated_at__isnull", False), ("simulation__isnull", False)),
                    _connector="OR",
                ),
                name="policy_drafts_simulated_at",
            ),
        ),
        migrations.AlterField(
            model_name="feedback",
            name="agent",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="feedback",
                to="agents.agent",
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                fields=["reserved_by"],
                condition=models.Q(reserved_by__isnull=False),
                name="decisions_reserved",
            ),
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(fields=["agent", "id"], name="feedback_of_an_agent"),
        ),
        migrations.RunPython(guarded, unguarded),
    ]
