"""MLflow's format, where its packages are installed: they are heavy, and no other part of the platform takes them."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

from django.core.management.base import CommandError
from django.utils.module_loading import import_string

PACKAGES = ("mlflow", "pandas")


def from_mlflow_format(name: str) -> Any:
    """Something of `mlregistry.mlflow_format`; CommandError says what has to be installed for it."""
    if not all(map(find_spec, PACKAGES)):
        raise CommandError(
            "MLflow's format takes two packages more: pip install mlflow-skinny==3.17.2 pandas==3.1.1"
        )
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    return import_string(f"mlregistry.mlflow_format.{name}")
