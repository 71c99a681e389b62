"""Who is told of what waits for people, and each message that was meant for them."""

from __future__ import annotations

import agentic.ids
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("decisions", "0005_people_look"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="NoticeReader",
            fields=[
                ("id", models.SmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("position", models.BigIntegerField()),
                ("sending_until", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "notice_reader",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("id", 1)), name="notice_reader_one_row"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="NotificationTarget",
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
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("admin", "Runs the platform; contains every other role."),
                            ("reviewer", "Decides on proposals and escalations."),
                            ("agent_manager", "Creates tasks and looks after agents."),
                            ("viewer", "Sees what happens."),
                        ],
                        db_default="",
                        default="",
                        max_length=20,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("email", "E-mail"), ("webhook", "Webhook")], max_length=10
                    ),
                ),
                (
                    "address",
                    models.CharField(blank=True, db_default="", default="", max_length=320),
                ),
                (
                    "sealed",
                    models.BinaryField(
                        default=b"",
                        help_text="A webhook's address and secret, encrypted by SECRET_KEY.",
                    ),
                ),
                ("on_escalation", models.BooleanField(db_default=False, default=False)),
                ("on_overdue_review", models.BooleanField(db_default=False, default=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notification_targets",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "notification_targets",
                "ordering": ("created_at", "id"),
            },
        ),
        migrations.CreateModel(
            name="Notice",
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
                (
                    "kind",
                    models.CharField(
                        choices=[("email", "E-mail"), ("webhook", "Webhook")], max_length=10
                    ),
                ),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("escalation", "Escalations"),
                            ("overdue_review", "Overdue reviews"),
                            ("test", "Tests"),
                        ],
                        max_length=20,
                    ),
                ),
                ("event_id", models.UUIDField(null=True)),
                ("level", models.PositiveSmallIntegerField(db_default=0, default=0)),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("by_hand", "A person handed it over."),
                            ("review_overdue", "Nobody reviewed it in time."),
                            ("nobody_acted", "Nobody acted on the escalation in time."),
                            ("rejected", "It was rejected, and no retry is left."),
                            ("ack_missed", "The agent did not confirm it, and no retry is left."),
                            ("lease_lost", "The agent went silent at work, and no retry is left."),
                            ("agent_offline", "The agent went offline, and no retry is left."),
                            ("unclaimed", "No agent took it."),
                            ("given_back", "Agents gave it back again and again."),
                            ("failed", "It failed, and is not retried any more."),
                        ],
                        db_default="",
                        default="",
                        max_length=20,
                    ),
                ),
                (
                    "occurred_at",
                    models.DateTimeField(help_text="When that happened of which it tells."),
                ),
                ("due_at", models.DateTimeField(null=True)),
                ("claim", models.UUIDField(null=True)),
                ("attempts", models.PositiveSmallIntegerField(db_default=0, default=0)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sent", "It was taken by the other side."),
                            ("failed", "Every try failed."),
                            ("stopped", "It was not wanted any more."),
                        ],
                        db_default="",
                        default="",
                        max_length=10,
                    ),
                ),
                ("error", models.CharField(blank=True, db_default="", default="", max_length=200)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                (
                    "person",
                    models.ForeignKey(
                        db_index=False,
                        help_text="Whom it is for; empty where a role shares an address.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="decisions.task",
                    ),
                ),
                (
                    "target",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notices",
                        to="oversight.notificationtarget",
                    ),
                ),
            ],
            options={
                "db_table": "notices",
                "ordering": ("-id",),
            },
        ),
        migrations.AddConstraint(
            model_name="notificationtarget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("person__isnull", False), ("role", "")),
                    models.Q(
                        ("person__isnull", True),
                        ("role__in", ["admin", "reviewer", "agent_manager", "viewer"]),
                    ),
                    _connector="OR",
                ),
                name="notification_targets_person_or_role",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationtarget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "email"), ("sealed", b"")),
                    models.Q(
                        ("kind", "webhook"),
                        models.Q(("sealed", b""), _negated=True),
                        models.Q(("address", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="notification_targets_webhooks_have_a_secret",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationtarget",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "email"), ("removed_at__isnull", True)),
                fields=("person",),
                name="notification_targets_one_own_email",
            ),
        ),
        migrations.AddConstraint(
            model_name="notificationtarget",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("kind", "email"), ("person__isnull", True), ("removed_at__isnull", True)
                ),
                fields=("role", "address"),
                name="notification_targets_one_email_each",
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("outcome", "")), fields=["due_at"], name="notices_waiting"
            ),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["person", "-id"], name="notices_by_person"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["task", "-id"], name="notices_by_task"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("due_at__isnull", False), ("ended_at__isnull", True), ("outcome", "")
                    ),
                    models.Q(
                        ("due_at__isnull", True),
                        ("ended_at__isnull", False),
                        ("outcome__in", ["sent", "failed", "stopped"]),
                    ),
                    _connector="OR",
                ),
                name="notices_wait_or_have_ended",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("event_id__isnull", True), ("task__isnull", True), ("topic", "test")),
                    models.Q(
                        models.Q(("topic", "test"), _negated=True),
                        ("event_id__isnull", False),
                        ("task__isnull", False),
                        (
                            "reason__in",
                            [
                                "by_hand",
                                "review_overdue",
                                "nobody_acted",
                                "rejected",
                                "ack_missed",
                                "lease_lost",
                                "agent_offline",
                                "unclaimed",
                                "given_back",
                                "failed",
                            ],
                        ),
                    ),
                    _connector="OR",
                ),
                name="notices_tell_of_an_event",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "webhook"), ("person__isnull", True), _connector="OR"),
                fields=("event_id", "target"),
                name="notices_one_per_target",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "email")),
                fields=("event_id", "person"),
                name="notices_one_email_per_person",
            ),
        ),
    ]
