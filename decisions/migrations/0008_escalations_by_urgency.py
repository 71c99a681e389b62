"""The open escalations in the order in which pages list them."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0007_learning"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="escalation",
            index=models.Index(
                fields=["-level", "opened_at", "id"],
                condition=models.Q(resolved_at__isnull=True),
                name="escalations_by_urgency",
            ),
        ),
    ]
