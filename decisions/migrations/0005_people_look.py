"""Comments, and who is looking at what."""

from __future__ import annotations

from typing import Any

import agentic.ids
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from decisions.guards import install_again


def guarded(apps: Any, schema_editor: Any) -> None:
    install_again(schema_editor)


class Migration(migrations.Migration):
    dependencies = [
        ("agents", "0001_initial"),
        ("decisions", "0004_decisions_for_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        # Backwards it is the last thing that is done.
        migrations.RunPython(migrations.RunPython.noop, guarded),
        migrations.CreateModel(
            name="Comment",
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
                ("text", models.TextField()),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "db_table": "comments",
                "ordering": ("created_at", "id"),
            },
        ),
        migrations.AlterModelOptions(
            name="feedback",
            options={"verbose_name_plural": "feedback"},
        ),
        migrations.AddField(
            model_name="decision",
            name="reserved_by",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                help_text="Who is looking at it at this moment; others may still decide.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="decision",
            name="reserved_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="escalation",
            name="assigned_to",
            field=models.ForeignKey(
                db_index=False,
                help_text="The person who takes care of it.",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reserved_by__isnull", True), ("reserved_until__isnull", True)),
                    models.Q(("reserved_by__isnull", False), ("reserved_until__isnull", False)),
                    _connector="OR",
                ),
                name="decisions_reservations_end",
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="author",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="task",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="comments",
                to="decisions.task",
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(fields=["task", "created_at"], name="comments_of_a_task"),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="comments_say_something"
            ),
        ),
        migrations.RunPython(guarded, migrations.RunPython.noop),
    ]
