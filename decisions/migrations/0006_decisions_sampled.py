"""An index for the estimate of what nobody saw."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("decisions", "0005_people_look")]

    operations = [
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                fields=("created_at",),
                condition=models.Q(route="sample"),
                name="decisions_sampled",
            ),
        ),
    ]
