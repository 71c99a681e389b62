"""Events can only be added, and are numbered so that readers can follow them."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from agentic.append_only import guard, unguard
from agentic.positions import POSTGRES_REVERSE_SQL, POSTGRES_SQL


def forwards(apps: Any, schema_editor: Any) -> None:
    guard(schema_editor.connection, "events")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES_SQL, params=None)


def backwards(apps: Any, schema_editor: Any) -> None:
    unguard(schema_editor.connection, "events")
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES_REVERSE_SQL, params=None)


class Migration(migrations.Migration):
    dependencies = [("agentic", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
