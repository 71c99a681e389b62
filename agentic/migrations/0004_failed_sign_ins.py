"""Failed sign-ins, counted by account and by address."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agentic", "0003_roles"),
    ]

    operations = [
        migrations.CreateModel(
            name="FailedSignIns",
            fields=[
                ("who", models.CharField(max_length=80, primary_key=True, serialize=False)),
                ("failures", models.PositiveIntegerField(default=0)),
                ("checking", models.PositiveIntegerField(default=0)),
                (
                    "expires_at",
                    models.DateTimeField(
                        help_text="The count is forgotten then, and the lock too."
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "failed sign-ins",
                "db_table": "failed_sign_ins",
                "indexes": [models.Index(fields=["expires_at"], name="failed_sign_ins_expiry")],
            },
        ),
    ]
