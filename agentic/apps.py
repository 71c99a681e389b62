"""The lowest app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class AgenticConfig(AppConfig):
    name = "agentic"
    verbose_name = "People and records"

    def ready(self) -> None:
        autodiscover_modules("page_sessions")  # its receivers, in whichever process
