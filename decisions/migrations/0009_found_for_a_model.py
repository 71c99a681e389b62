"""A policy keeps which version of the risk model its threshold of risk was found for."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

from decisions.guards import PUBLISHED_WITH_A_BUDGET, protect_policies, unprotect_policies


def unguarded(apps: Any, schema_editor: Any) -> None:
    unprotect_policies(schema_editor)


def guarded(apps: Any, schema_editor: Any) -> None:
    protect_policies(schema_editor)


def guarded_as_before(apps: Any, schema_editor: Any) -> None:
    protect_policies(schema_editor, PUBLISHED_WITH_A_BUDGET)


def tell_of_those_before(apps: Any, schema_editor: Any) -> None:
    """What was published until now says it in the simulation of its draft."""
    drafts = apps.get_model("decisions", "PolicyDraft").objects
    published = drafts.filter(policy__isnull=False).exclude(policy__budget="")
    for draft in published.select_related("policy"):
        policy = draft.policy
        policy.risk_model_version = (draft.simulation or {}).get("model_version", "")
        policy.save(update_fields=["risk_model_version"])


class Migration(migrations.Migration):
    dependencies = [
        ("decisions", "0008_escalations_by_urgency"),
    ]

    operations = [
        # Backwards it is the last thing that is done.
        migrations.RunPython(unguarded, guarded_as_before),
        migrations.AddField(
            model_name="reviewpolicy",
            name="risk_model_version",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                editable=False,
                help_text="The version of the risk model that the threshold of risk was found for.",
                max_length=100,
            ),
        ),
        migrations.RunPython(tell_of_those_before, migrations.RunPython.noop),
        migrations.RunPython(guarded, unguarded),
    ]
