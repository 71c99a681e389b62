"""The first version of the review policy, and the guard that keeps every version as it was published."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import migrations

from decisions.guards import PUBLISHED_AT_FIRST, protect_policies, unprotect_policies


def forwards(apps: Any, schema_editor: Any) -> None:
    protect_policies(schema_editor, PUBLISHED_AT_FIRST)


def backwards(apps: Any, schema_editor: Any) -> None:
    unprotect_policies(schema_editor)


def add_first(apps: Any, schema_editor: Any) -> None:
    """Cautious: what is critical always goes to a person, and of the rest every twentieth that would pass."""
    policies = apps.get_model("decisions", "ReviewPolicy").objects
    if policies.exists():
        return
    policies.create(
        version=1,
        threshold=0.9,
        priorities={"critical": None},
        sample_share=0.05,
        review_seconds=settings.TASK_REVIEW_SECONDS,
        is_active=True,
        note="The policy that every new platform starts with.",
    )


class Migration(migrations.Migration):
    dependencies = [("decisions", "0002_legal_moves")]
    operations = [
        migrations.RunPython(forwards, backwards),
        migrations.RunPython(add_first, migrations.RunPython.noop),
    ]
