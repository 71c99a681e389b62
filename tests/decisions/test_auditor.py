"""The auditor: looks for what nobody looked at in time, and pings its heartbeat only when there is none."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from decisions.auditor import Findings, audit, look
from decisions.models import Escalation
from decisions.tasks import audit_deadlines
from tests.decisions.floor import Floor, let_pass

SECRET = "/ping/4f2b-secret"


class Pings(HTTPServer):
    """Counts who asks for what; answers with `status`."""

    def __init__(self, status: int = 200) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status, self.paths = status, list[str]()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}{SECRET}"


class Answering(BaseHTTPRequestHandler):
    server: Pings

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@contextmanager
def listening(status: int = 200) -> Iterator[Pings]:
    with Pings(status) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def pings(settings: Any) -> Iterator[Pings]:
    with listening() as server:
        settings.AUDITOR_HEARTBEAT_URL = server.url
        yield server


def test_an_empty_platform_is_clean(db: None) -> None:
    assert look() == Findings([], [], [])
    assert look().clean


@pytest.mark.parametrize("state", ["queued", "assigned", "in_progress", "completed", "failed"])
def test_a_task_within_its_time_is_clean(floor: Floor, state: str) -> None:
    task_id, _ = floor.bring_to(state)
    assert look().clean
    let_pass(task_id, beyond=20)
    assert look().clean


@pytest.mark.parametrize(
    "state",
    ["queued", "assigned", "acked", "in_progress", "completed", "failed", "escalated"],
)
def test_an_open_task_that_is_overdue_by_30_s_is_found(floor: Floor, state: str) -> None:
    task_id, _ = floor.bring_to(state)
    let_pass(task_id, beyond=31)
    assert look() == Findings(overdue=[task_id], unlisted=[], stuck=[])


def test_what_is_overdue_longest_comes_first(floor: Floor) -> None:
    tasks = [floor.bring_to("completed")[0] for _ in range(3)]
    for beyond, task_id in zip((40, 60, 50), tasks, strict=True):
        let_pass(task_id, beyond=beyond)
    assert look().overdue == [tasks[1], tasks[2], tasks[0]]


def test_an_escalated_task_that_no_list_shows_is_found(floor: Floor) -> None:
    task_id, _ = floor.bring_to("escalated")
    assert look().clean
    Escalation.objects.filter(task=task_id).delete()
    assert look() == Findings(overdue=[], unlisted=[task_id], stuck=[])


def test_a_task_that_was_escalated_before_counts_by_its_open_escalation(floor: Floor) -> None:
    task_id, _ = floor.bring_to("escalated")
    floor.patch(task_id, "queued")
    floor.escalate(task_id)
    assert look().clean
    Escalation.objects.filter(task=task_id, resolved_at=None).delete()
    assert look().unlisted == [task_id]


def test_a_clean_pass_pings(db: None, pings: Pings) -> None:
    audit()
    audit_deadlines()
    assert pings.paths == [SECRET, SECRET]


def test_a_pass_that_finds_something_does_not_ping(
    floor: Floor, pings: Pings, caplog: pytest.LogCaptureFixture
) -> None:
    task_id, _ = floor.bring_to("completed")
    let_pass(task_id, beyond=31)
    assert audit().overdue == [task_id]
    assert pings.paths == []
    assert str(task_id) in caplog.text


def test_without_an_address_it_only_looks(db: None, settings: Any) -> None:
    settings.AUDITOR_HEARTBEAT_URL = ""
    assert audit().clean


def failing(caplog: pytest.LogCaptureFixture) -> str:
    """What a clean pass logs whose ping fails, down to the traceback."""
    caplog.clear()
    assert audit().clean
    return "\n".join(caplog.handler.format(line) for line in caplog.records)


def test_a_refused_ping_is_logged_without_its_address(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(status=500) as server:
        settings.AUDITOR_HEARTBEAT_URL = server.url
        said = failing(caplog)
    assert "could not be sent: HTTPStatusError" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:1", "ftp://example.org", "no address", "http://[broken", "http://host:port"],
)
def test_an_address_that_does_not_work_is_logged_without_it(
    db: None, settings: Any, caplog: pytest.LogCaptureFixture, address: str
) -> None:
    settings.AUDITOR_HEARTBEAT_URL = f"{address}{SECRET}"
    said = failing(caplog)
    assert "could not be sent" in said
    assert SECRET not in said
