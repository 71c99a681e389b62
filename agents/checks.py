"""Settings that would only show their fault when the first task comes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from agents.strategies import UnknownStrategy, check_name


def check_strategy(**kwargs: Any) -> list[CheckMessage]:
    try:
        check_name(settings.DELEGATION_STRATEGY)
    except UnknownStrategy as error:
        return [Error(str(error), id="agents.E001")]
    return []


def check_liveness(**kwargs: Any) -> list[CheckMessage]:
    """An agent that reports on time must never count as silent; one report may get lost."""
    heartbeat, silent = settings.AGENT_HEARTBEAT_SECONDS, settings.AGENT_SILENT_SECONDS
    if 0 < 2 * heartbeat <= silent:
        return []
    text = f"AGENT_SILENT_SECONDS ({silent}) must be at least twice AGENT_HEARTBEAT_SECONDS ({heartbeat})."
    return [Error(text, id="agents.E002")]
