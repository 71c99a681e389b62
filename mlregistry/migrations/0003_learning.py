"""Training jobs that are carried out, model cards, and activations that two people agree on."""

from __future__ import annotations

import agentic.ids
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0001_initial"),
        ("mlregistry", "0002_registry"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ActivationRequest",
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
                ("name", models.CharField(max_length=200)),
                ("reason", models.TextField()),
                (
                    "gate",
                    models.JSONField(
                        default=dict, help_text="The metrics that it was held against."
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Waits for a second person."),
                            ("approved", "The version went live."),
                            ("refused", "A second person said no, or the asker withdrew."),
                        ],
                        default="open",
                        max_length=10,
                    ),
                ),
                (
                    "requested_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("answer", models.TextField(blank=True)),
            ],
            options={
                "db_table": "activation_requests",
            },
        ),
        migrations.AddField(
            model_name="registeredmodel",
            name="card",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="What it was trained on, how good it is on what it had not seen, and its limits.",
            ),
        ),
        migrations.AddField(
            model_name="registeredmodel",
            name="data_set_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="registeredmodel",
            name="format",
            field=models.CharField(
                blank=True, db_default="", default="", help_text="Of the artifact.", max_length=20
            ),
        ),
        migrations.AddField(
            model_name="registeredmodel",
            name="parameters",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="registeredmodel",
            name="signature",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="Names and types of what goes in and what comes out.",
            ),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="cancel_requested_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="code_version",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="SHA-256 of the trainer's code.",
                max_length=64,
            ),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="lease_expires_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="lease_token",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="metrics",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="seed",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="taken_count",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How often a worker took it."
            ),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="trigger",
            field=models.CharField(
                choices=[
                    ("person", "A person asked for it."),
                    ("command", "It was asked for on the command line."),
                    ("verdicts", "So many verdicts were new since the last one."),
                ],
                db_default="person",
                default="person",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="version",
            field=models.PositiveIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AlterField(
            model_name="trainingjob",
            name="trainer",
            field=models.CharField(
                blank=True,
                help_text="By its name in the settings; empty: the model's own.",
                max_length=200,
            ),
        ),
        migrations.AddIndex(
            model_name="trainingjob",
            index=models.Index(
                condition=models.Q(("status__in", ["pending", "running"])),
                fields=["created_at"],
                name="training_jobs_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("lease_expires_at__isnull", False),
                        ("lease_token__isnull", False),
                        ("status", "running"),
                    ),
                    models.Q(
                        models.Q(("status", "running"), _negated=True),
                        ("lease_expires_at__isnull", True),
                        ("lease_token__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="training_jobs_lease_while_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["pending", "running"]),
                    ("finished_at__isnull", False),
                    _connector="OR",
                ),
                name="training_jobs_ended_have_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingjob",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["pending", "running"]), ("trigger", "verdicts")),
                fields=("model_name",),
                name="training_jobs_one_by_verdicts",
            ),
        ),
        migrations.AddField(
            model_name="activationrequest",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="activationrequest",
            name="model",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="requests",
                to="mlregistry.registeredmodel",
            ),
        ),
        migrations.AddField(
            model_name="activationrequest",
            name="requested_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="activationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "approved", "refused"])),
                name="activation_requests_known_status",
            ),
        ),
        migrations.AddConstraint(
            model_name="activationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_by__isnull", True), ("status", "open")),
                    models.Q(
                        models.Q(("status", "open"), _negated=True), ("decided_by__isnull", False)
                    ),
                    _connector="OR",
                ),
                name="activation_requests_decided_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="activationrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "approved"), _negated=True),
                    models.Q(("decided_by", models.F("requested_by")), _negated=True),
                    _connector="OR",
                ),
                name="activation_requests_two_people",
            ),
        ),
        migrations.AddConstraint(
            model_name="activationrequest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "open")),
                fields=("name",),
                name="activation_requests_one_open",
            ),
        ),
    ]
