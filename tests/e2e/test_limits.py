"""Repeated requests and large bodies, at the processes that serve in earnest."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.callers import Caller
from tests.e2e.processes import BIN, ROOT, Platform, free_port, until

TASKS = "SELECT id::text FROM tasks WHERE title = %s"


@pytest.fixture
def title() -> str:
    return f"once {uuid4().hex}"


def post(base: str, boss: Caller, title: str, **headers: str) -> httpx.Response:
    said = {"Authorization": f"Bearer {boss.bearer}", "Idempotency-Key": title, **headers}
    url = f"{base}/api/v1/decisions/task"
    task = {"title": title, "required_capabilities": ["nobody"]}
    return httpx.post(url, json=task, headers=said, timeout=30)


def test_of_twenty_at_once_on_all_processes_one_makes_the_task(
    platform: Platform, boss: Caller, title: str
) -> None:
    bases = [platform.web, platform.web, platform.live, platform.web] * 5
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda base: post(base, boss, title), bases))
    created = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert created
    assert {answer.content for answer in created} == {created[0].content}
    assert {answer.json()["code"] for answer in refused} <= {"idempotency_in_flight"}
    assert platform.rows(TASKS, title) == [(created[0].json()["id"],)]


@contextlib.contextmanager
def dying_server(platform: Platform) -> Iterator[str]:
    port = free_port()
    command: list[Any] = [
        BIN / "granian", "--interface", "wsgi", "--http", "1", "--workers", "1", "--host", "127.0.0.1", "--port",
        str(port), "tests.e2e.dying:application",
    ]  # fmt: skip
    base = f"http://127.0.0.1:{port}"
    with (platform.folder / "dying.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=platform.env, stdout=log, stderr=log, start_new_session=True
        )
    try:
        until(partial(platform.answers, base), 40, every=0.2, what=base)
        yield base
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_process_dies_between_commit_and_answer_and_the_retry_gets_the_answer(
    platform: Platform, boss: Caller, title: str
) -> None:
    with dying_server(platform) as base, pytest.raises(httpx.TransportError):
        post(base, boss, title, **{"X-Die": "1"})
    ((task_id,),) = platform.rows(TASKS, title)
    again = [post(base, boss, title) for base in (platform.web, platform.live)]
    assert [answer.status_code for answer in again] == [201, 201]
    assert {answer.headers["Idempotent-Replayed"] for answer in again} == {"true"}
    assert [answer.json()["id"] for answer in again] == [task_id, task_id]
    assert platform.rows(TASKS, title) == [(task_id,)]


def test_a_claim_that_waits_is_given_once_what_it_waited_for(
    platform: Platform, boss: Caller, hire: Callable[..., Caller]
) -> None:
    agent = hire(base=platform.live)
    agent.http.headers["Idempotency-Key"] = uuid4().hex
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(agent.post, "/worker/claim", wait_seconds=20)
        seen = "SELECT count(*) FROM agents WHERE id = %s AND last_seen_at IS NOT NULL"
        until(lambda: platform.value(seen, agent.id), 10, what="the claim waits")
        boss.said("/decisions/task", title="t", required_capabilities=[agent.name])
        first = waiting.result(30)
    assert len(first.json()["tasks"]) == 1
    assert "Idempotent-Replayed" not in first.headers
    again = agent.post("/worker/claim", wait_seconds=20)
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")


def answer_to(port: int, *sent: bytes) -> tuple[bytes, float]:
    """The first line of the answer, and after how many seconds it came."""
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in sent:
                connection.sendall(part)
        return connection.recv(4096).split(b"\r\n")[0], time.monotonic() - begun


PATHS = [b"/api/v1/auth/token", b"/api/v1/worker/claim", b"/admin/login/", b"/"]


@pytest.mark.parametrize("path", PATHS, ids=bytes.decode)
@pytest.mark.parametrize("process", ["web", "live"])
def test_a_client_that_declares_a_hundred_megabytes_is_answered_at_once(
    platform: Platform, process: str, path: bytes
) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n" % path
    line, seconds = answer_to(getattr(platform, f"{process}_port"), head)
    assert line.startswith(b"HTTP/1.1 413")
    assert seconds < 2


@pytest.mark.parametrize("path", PATHS, ids=bytes.decode)
@pytest.mark.parametrize("process", ["web", "live"])
def test_chunks_without_end_are_cut_off_at_the_limit(
    platform: Platform, process: str, path: bytes
) -> None:
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % path
    chunk = b"10000\r\n%s\r\n" % (b"x" * 0x10000)
    line, seconds = answer_to(getattr(platform, f"{process}_port"), head, *[chunk] * 16)
    assert line.startswith(b"HTTP/1.1 413")
    assert seconds < 5
