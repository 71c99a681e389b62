"""An index for the limit on what an agent brings to people."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("decisions", "0003_first_policy")]

    operations = [
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                fields=("agent", "created_at"),
                condition=models.Q(route__in=["person", "sample"]),
                name="decisions_for_people",
            ),
        ),
    ]
