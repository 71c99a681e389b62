"""Long polls on a live process: the answer comes at once, nothing is held meanwhile, and who goes leaves no trace."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.callers import Caller
from tests.e2e.processes import Platform, until

Hire = Callable[..., Caller]
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


@pytest.fixture
def waiter(platform: Platform, hire: Hire) -> Caller:
    agent = hire(at_once=50, base=platform.live)
    # Of a type of its own: what other tests leave in the queue is not meant for it.
    agent.said("/worker/register", task_types=["waiting"])
    return agent


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(250) as pool:
        yield pool


def waiting(caller: Caller, seconds: float = 20) -> tuple[float, list[dict[str, Any]]]:
    tasks = caller.said("/worker/claim", wait_seconds=seconds, max_tasks=1)["tasks"]
    return time.monotonic(), tasks


def test_a_waiting_claim_hears_of_a_new_task(
    boss: Caller, waiter: Caller, pool: ThreadPoolExecutor
) -> None:
    waits = []
    for _ in range(5):
        claim = pool.submit(waiting, waiter)
        threading.Event().wait(0.5)
        task = boss.said(
            "/decisions/task", title="new", task_type="waiting", required_capabilities=[waiter.name]
        )
        created = time.monotonic()
        answered, tasks = claim.result(25)
        waits.append(answered - created)
        assert [found["id"] for found in tasks] == [task["id"]]
        token = {"lease_token": tasks[0]["lease_token"]}
        waiter.said(f"/worker/tasks/{task['id']}/ack", **token, start=True)
        # Done with, so that on a slow machine no lapsed lease brings it back.
        waiter.said(f"/worker/tasks/{task['id']}/complete", **token, result={})
    assert sorted(waits)[2] <= 0.3


def test_a_waiting_child_answer_hears_of_the_end(
    boss: Caller, waiter: Caller, pool: ThreadPoolExecutor
) -> None:
    task = boss.said(
        "/decisions/task", title="parent", task_type="waiting", required_capabilities=[waiter.name]
    )
    _, (found,) = waiting(waiter, 5)
    path, token = f"/worker/tasks/{task['id']}", {"lease_token": found["lease_token"]}
    waiter.said(f"{path}/ack", **token, start=True)
    child = waiter.said(f"{path}/delegate", **token, title="part")
    again = pool.submit(waiter.said, f"{path}/delegate", **token, title="part", wait_seconds=20)
    threading.Event().wait(0.5)
    begun = time.monotonic()
    boss.said(f"/decisions/task/{child['task_id']}/override", reason="r", new_decision={"n": 1})
    assert again.result(25) == {
        "task_id": child["task_id"],
        "state": "verified",
        "result": {"n": 1},
    }
    assert time.monotonic() - begun < 2


def test_a_waiting_proposal_hears_of_the_verdict(
    boss: Caller, waiter: Caller, pool: ThreadPoolExecutor
) -> None:
    task = boss.said(
        "/decisions/task",
        title="ask",
        task_type="waiting",
        required_capabilities=[waiter.name],
        lease_seconds=30,
    )
    _, (found,) = waiting(waiter, 5)
    path, token = f"/worker/tasks/{task['id']}", {"lease_token": found["lease_token"]}
    waiter.said(f"{path}/ack", **token, start=True)
    decision = waiter.said(f"{path}/propose", **token, proposal={"pay": 5})["decision_id"]
    asked = pool.submit(waiter.get, f"/worker/decisions/{decision}", wait=20)
    threading.Event().wait(0.5)
    begun = time.monotonic()
    boss.said(
        f"/decisions/decision/{decision}/review", verdict="edit", proposal={"pay": 4}, reason="less"
    )
    answer = asked.result(25)
    assert (answer["status"], answer["proposal"], answer["verdict"]) == (
        "edited",
        {"pay": 4},
        "edit",
    )
    assert time.monotonic() - begun < 2


def test_a_wait_ends_in_time_with_nothing(waiter: Caller) -> None:
    begun = time.monotonic()
    assert waiting(waiter, 1)[1] == []
    assert 0.9 <= time.monotonic() - begun < 4


def test_who_waits_holds_no_database_connection(
    platform: Platform, waiter: Caller, pool: ThreadPoolExecutor
) -> None:
    claims = [pool.submit(waiting, waiter, 6) for _ in range(100)]
    threading.Event().wait(3)
    assert platform.value(CONNECTIONS) < 40  # those of the processes that are idle among them
    assert all(claim.result(40)[1] == [] for claim in claims)


def test_who_goes_leaves_no_trace(platform: Platform, waiter: Caller) -> None:
    before = open_files(platform)
    headers = {"Authorization": f"Bearer {waiter.bearer}"}

    def leave(_: int) -> None:
        with (
            pytest.raises(httpx.ReadTimeout),
            httpx.Client(headers=headers, timeout=httpx.Timeout(10, read=2)) as http,
        ):
            http.post(f"{platform.live}/api/v1/worker/claim", json={"wait_seconds": 50})

    with ThreadPoolExecutor(30) as pool:
        list(pool.map(leave, range(30)))
    until(lambda: open_files(platform) <= before + 3, 10, what="their sockets are closed")


def open_files(platform: Platform) -> int:
    return len(list(Path(f"/proc/{platform.running['live'].pid}/fd").iterdir()))
