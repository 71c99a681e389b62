"""Celery: executes and keeps time. All that it knows can be derived again from a row."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery, signals

from agentic.garbage import freeze_what_is_loaded

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentic.settings")
app = Celery("agentic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_init.connect
def before_it_works(**options: Any) -> None:
    freeze_what_is_loaded()


@signals.setup_logging.connect
def leave_logging_as_it_is(**options: Any) -> None:
    """Celery's own handlers would write past the one that the settings name, which keeps secrets out."""
