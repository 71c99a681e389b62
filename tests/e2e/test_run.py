"""`manage.py run`, as somebody runs it who has just cloned the project."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from django.conf import settings

from examples.digits.data import digits_to_ask
from examples.digits.people import Person
from examples.digits.tasks import task_of
from tests.e2e.embedded import is_alive, running
from tests.e2e.processes import until

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")

READ = {"verified", "completed", "escalated"}  # it stands, or it waits for a person


def test_it_reads_digits_survives_a_killed_agent_and_stops_cleanly(tmp_path: Path) -> None:
    with running(tmp_path, "run") as platform, platform.signed_in("manager") as manager:
        task = manager.post("/decisions/task", task_of(digits_to_ask()[0], 0))
        state = until(lambda: come_to(manager, task["id"], READ), 30)
        assert manager.get(f"/decisions/task/{task['id']}")["result"].keys() == {"label"}

        before = until(lambda: len(platform.agents()) == 3 and platform.agents(), 10)
        os.kill(before["eager"], signal.SIGKILL)
        after = until(lambda: started_again(before["eager"], platform.agents()), 15)

        assert platform.stop(signal.SIGINT) == 0
        assert [pid for pid in {*before.values(), *after.values()} if is_alive(pid)] == []
        assert "Traceback" not in platform.log.read_text()

    with running(tmp_path, "run", "--no-agents") as platform:
        with platform.signed_in("viewer") as viewer:
            assert viewer.get(f"/decisions/task/{task['id']}")["state"] == state
        assert platform.agents() == {}
        assert platform.stop(signal.SIGTERM) == 0

    first, second = passwords_printed(platform.log)
    assert first == second


def come_to(caller: Person, task_id: str, states: set[str]) -> str:
    state: str = caller.get(f"/decisions/task/{task_id}")["state"]
    return state if state in states else ""


def started_again(killed: int, agents: dict[str, int]) -> dict[str, int]:
    return agents if agents.get("eager", killed) != killed else {}


def passwords_printed(log: Path) -> tuple[list[str], list[str]]:
    lines = [line for line in log.read_text().splitlines() if line.startswith("│")]
    return lines[:4], lines[4:]
