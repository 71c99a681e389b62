"""The database refuses a change of state that no table of moves names."""

from __future__ import annotations

from typing import Any

from django.db import migrations

from decisions.guards import install, remove


def forwards(apps: Any, schema_editor: Any) -> None:
    install(schema_editor)


def backwards(apps: Any, schema_editor: Any) -> None:
    remove(schema_editor)


class Migration(migrations.Migration):
    dependencies = [("decisions", "0001_initial")]
    operations = [migrations.RunPython(forwards, backwards)]
