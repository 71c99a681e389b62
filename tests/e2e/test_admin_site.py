"""An operator at work in a browser: what is wrong is seen at once, and put right in three clicks."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Page, expect

from tests.e2e.browsing import sign_in
from tests.e2e.callers import Caller, signed_in
from tests.e2e.embedded import Running, prepare, running
from tests.e2e.processes import PASSWORD

# As the platform writes moments into SQLite.
LONG_AGO = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-5 minutes')"

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """With a sweep at the start, and none for a day: what is overdue stays so."""
    monkeypatch.setenv("AGENTIC_PASSWORD", PASSWORD)
    monkeypatch.setenv("SWEEP_INTERVAL_SECONDS", "86400")
    prepare(tmp_path, ada="admin")
    with running(tmp_path, "serve") as platform:
        yield platform


Hire = Callable[[str], Caller]


@pytest.fixture
def boss(served: Running) -> Iterator[Caller]:
    caller = signed_in(served.url)
    yield caller
    caller.http.close()


@pytest.fixture
def hire(served: Running, boss: Caller) -> Iterator[Hire]:
    """`hire(name)`: an agent that has been heard of."""
    hired: list[Caller] = []

    def make(name: str) -> Caller:
        agent = boss.said("/admin/agents", name=name, max_concurrent_tasks=4)
        key = boss.said(f"/admin/agents/{agent['id']}/keys")["key"]
        hired.append(Caller(served.url, key, name=name, agent_id=agent["id"]))
        hired[-1].said("/worker/register")
        return hired[-1]

    yield make
    for caller in hired:
        caller.http.close()


def make_overdue(served: Running, title: str) -> None:
    with sqlite3.connect(served.data / "agentic.sqlite3", timeout=20) as database:
        late = f"UPDATE tasks SET due_at = {LONG_AGO} WHERE title = ?"
        assert database.execute(late, [title]).rowcount == 1


def test_an_overdue_task_is_moved_to_another_agent_in_three_clicks(
    served: Running, boss: Caller, hire: Hire, page: Page
) -> None:
    slow = hire("slow")
    task = boss.said("/decisions/task", title="late one", assigned_agent_id=slow.id)
    boss.said("/decisions/task", title="in time", assigned_agent_id=slow.id)
    hire("quick")
    make_overdue(served, "late one")
    sign_in(page, served.url, "ada", "/admin/")

    page.click("a:has-text('overdue tasks')")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    page.click("#result_list tr:has-text('late one') >> text=Move…")
    page.click("text=Move to quick")

    expect(page.locator(".messagelist")).to_contain_text("“late one” is with quick now.")
    moved = boss.get(f"/decisions/task/{task['id']}")
    names = {row["id"]: row["name"] for row in boss.get("/admin/agents")["agents"]}
    assert (moved["state"], names[moved["assigned_agent_id"]]) == ("assigned", "quick")
    (audit,) = boss.get("/admin/audits", entity_type="task")["audits"]
    assert (audit["action"], audit["entity_id"]) == ("task.moved", task["id"])


def test_everything_is_stopped_from_a_page(
    served: Running, boss: Caller, hire: Hire, page: Page
) -> None:
    worker = hire("worker")
    task = boss.said("/decisions/task", title="read this")
    (held,) = worker.said("/worker/claim", wait_seconds=0)["tasks"]
    sign_in(page, served.url, "ada", "/admin/")

    page.click("nav >> text=Stops")
    page.click("text=Stop an agent, a type of task, or everything")
    page.check("text=All work on the platform.")
    page.fill("[name=reason]", "it invents figures")
    page.click("input[type=submit]")

    expect(page.locator(".messagelist")).to_contain_text("1 task went back to the queue")
    lost = worker.post(f"/worker/tasks/{task['id']}/ack", lease_token=held["lease_token"])
    assert (lost.status_code, lost.json()["cancel_requested"]) == (409, True)
    assert worker.said("/worker/claim", wait_seconds=0) == {"tasks": []}
