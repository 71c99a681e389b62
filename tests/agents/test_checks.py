from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError


def test_the_settings_as_they_are_pass() -> None:
    call_command("check")


def test_an_unknown_strategy_stops_the_start(settings: Any) -> None:
    settings.DELEGATION_STRATEGY = "best"
    with pytest.raises(SystemCheckError, match=r"agents\.E001.*'best'"):
        call_command("check")


@pytest.mark.parametrize(("heartbeat", "silent"), [(10, 10), (10, 19), (0, 30)])
def test_times_by_which_a_living_agent_would_count_as_dead_stop_the_start(
    settings: Any, heartbeat: int, silent: int
) -> None:
    settings.AGENT_HEARTBEAT_SECONDS, settings.AGENT_SILENT_SECONDS = heartbeat, silent
    with pytest.raises(SystemCheckError, match=r"agents\.E002"):
        call_command("check")
