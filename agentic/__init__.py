"""The project package, and the lowest app: events, transitions, sign-in, errors, health."""

from __future__ import annotations

from agentic.celery import app as celery_app

VERSION = "0.1.0"

__all__ = ["VERSION", "celery_app"]
