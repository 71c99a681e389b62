"""Celery: executes and keeps time. All that it knows can be derived again from a row."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "agentic.settings")
app = Celery("agentic")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
