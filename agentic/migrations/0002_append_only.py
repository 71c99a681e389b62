"""Events and audits can only be added; events are numbered so that readers can follow them, audits hang together."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from agentic.append_only import guard, unguard
from agentic.positions import POSTGRES_REVERSE_SQL, POSTGRES_SQL

TABLES = ("events", "audits")


def forwards(apps: Any, schema_editor: Any) -> None:
    for table in TABLES:
        guard(schema_editor.connection, table)
    apps.get_model("agentic", "AuditHead").objects.create(id=1, number=0, hash="0" * 64)
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES_SQL, params=None)


def backwards(apps: Any, schema_editor: Any) -> None:
    for table in TABLES:
        unguard(schema_editor.connection, table)
    apps.get_model("agentic", "AuditHead").objects.all().delete()
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(POSTGRES_REVERSE_SQL, params=None)


class Migration(migrations.Migration):
    dependencies = [("agentic", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
