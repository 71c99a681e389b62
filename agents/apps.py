"""The app of the agents' registry."""

from __future__ import annotations

from django.apps import AppConfig
from django.core.checks import register

from agents.checks import check_liveness, check_strategy


class AgentsConfig(AppConfig):
    name = "agents"

    def ready(self) -> None:
        register(check_strategy)
        register(check_liveness)
