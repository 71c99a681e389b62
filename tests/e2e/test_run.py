"""`manage.py run`, as somebody runs it who has just cloned the project."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from examples.digits.data import Digit, digits_to_ask, endless_digits
from examples.digits.people import Person
from examples.digits.tasks import task_of
from tests.e2e.browsing import visitors
from tests.e2e.embedded import is_alive, running
from tests.e2e.processes import until

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")

LOOK, AT_ONCE = 700, 8_000  # milliseconds: as long as a look takes; with room for a busy machine
SHOWN = 10  # seconds, with as much room
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


def test_two_people_see_what_its_agents_bring_and_one_decides_with_a_key(
    tmp_path: Path, browser: Browser
) -> None:
    with running(tmp_path, "run", "--no-tasks") as platform:
        with visitors(browser, platform.url) as visit, platform.signed_in("manager") as manager:
            one, other = (
                visit(name, "/reviews", platform.signed_in(name).password)
                for name in ("reviewer", "admin")
            )
            for page in (one, other):
                expect(page.locator("#open-title")).to_contain_text("Nothing waits")
            digits = enumerate(endless_digits(seed=1))
            title = until(lambda: bring(manager, *next(digits)) and first_open(one), 60, every=1)

            shown = time.time()
            (proposed,) = (
                row for row in manager.get("/decisions/tasks")["tasks"] if row["title"] == title
            )
            told = manager.get("/decisions/events", entity_id=proposed["id"])["events"]
            ended = max(datetime.fromisoformat(event["created_at"]).timestamp() for event in told)
            assert shown - ended < SHOWN

            other.locator(".row-link", has_text=title).click()
            expect(other.locator("#open-title")).to_have_text(title)
            one.wait_for_timeout(LOOK)
            one.keyboard.press("a")
            expect(other.locator("#standing")).to_contain_text(
                "reviewer approved this", timeout=AT_ONCE
            )
            expect(other.locator("#queue")).not_to_contain_text(title, timeout=AT_ONCE)
            assert manager.get(f"/decisions/task/{proposed['id']}")["state"] == "verified"
        assert platform.stop(signal.SIGINT) == 0
        assert "Traceback" not in platform.log.read_text()


def bring(manager: Person, number: int, digit: Digit) -> bool:
    return bool(manager.post("/decisions/task", task_of(digit, number + 1))["id"])


def first_open(page: Page) -> str:
    """The title of what opened by itself."""
    found = page.locator("#open[data-open] #open-title")
    page.wait_for_timeout(100)  # in which the page may do what it does
    return found.inner_text().strip() if found.count() else ""


def come_to(caller: Person, task_id: str, states: set[str]) -> str:
    state: str = caller.get(f"/decisions/task/{task_id}")["state"]
    return state if state in states else ""


def started_again(killed: int, agents: dict[str, int]) -> dict[str, int]:
    return agents if agents.get("eager", killed) != killed else {}


def passwords_printed(log: Path) -> tuple[list[str], list[str]]:
    lines = [line for line in log.read_text().splitlines() if line.startswith("│")]
    return lines[:4], lines[4:]
