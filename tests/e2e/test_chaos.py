"""Agents die, stall and sleep; Redis, the worker and beat are killed: each task is on its way again, and none twice."""

from __future__ import annotations

import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.callers import Caller
from tests.e2e.processes import Platform, until

AGENT = Path(__file__).parent / "agent.py"
Hire = Callable[..., Caller]
# What a deadline may be late by, in seconds.
LATE = 2.0


class Process:
    """A running agent, and the lines that it prints."""

    def __init__(self, platform: Platform, caller: Caller, mode: str = "works") -> None:
        command = [sys.executable, str(AGENT), platform.web, caller.bearer, mode]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def hear(self, word: str, seconds: float = 20) -> str:
        end = time.monotonic() + seconds
        while True:
            line = self.lines.get(timeout=max(end - time.monotonic(), 0.01))
            if line.startswith(word):
                return line

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def run(platform: Platform) -> Iterator[Callable[..., Process]]:
    running: list[Process] = []

    def start(caller: Caller, mode: str = "works") -> Process:
        running.append(Process(platform, caller, mode))
        return running[-1]

    yield start
    for process in running:
        process.kill()


@pytest.fixture(autouse=True)
def all_is_told(platform: Platform) -> Iterator[None]:
    yield
    platform.manage("verify_events")


pytestmark = pytest.mark.usefixtures("pass_all")


def create(boss: Caller, agent: Caller, **values: Any) -> str:
    said = {"title": "chaos", "required_capabilities": [agent.name], "max_retries": 2, "ack_timeout": 8,
            "lease_seconds": 2, "retry_policy": {"initial_interval": 0.2}}  # fmt: skip
    task_id: str = boss.said("/decisions/task", **{**said, **values})["id"]
    return task_id


def story(boss: Caller, task_id: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = boss.get(
        "/decisions/events", entity_type="task", entity_id=task_id
    )["events"]
    return events


def told(boss: Caller, task_id: str) -> list[str]:
    return [event["event_type"].removeprefix("task.") for event in story(boss, task_id)]


def state(boss: Caller, task_id: str) -> str:
    found: str = boss.get(f"/decisions/task/{task_id}")["state"]
    return found


def lateness(boss: Caller, task_id: str) -> list[float]:
    return [
        event["data"]["late_seconds"]
        for event in story(boss, task_id)
        if "late_seconds" in event["data"]
    ]


def moved_on(boss: Caller, task_id: str, attempts: int) -> bool:
    """Each attempt that was begun has been taken back."""
    said = told(boss, task_id)
    ended = said.count("retried") + said.count("escalated")
    return said.count("started") == ended == attempts


def test_an_agent_that_is_killed_in_mid_work(
    boss: Caller, hire: Hire, run: Callable[..., Process]
) -> None:
    agent = hire(at_once=1)
    task_id = create(boss, agent, payload={"seconds": 60})
    for attempt in (1, 2, 3):
        process = run(agent)
        process.hear(f"started {task_id} {attempt}")
        process.kill()
        until(partial(moved_on, boss, task_id, attempt), 2 + LATE + 1, what=f"attempt {attempt}")
    assert told(boss, task_id) == ["created", *["assigned", "acked", "started", "retried"] * 2,
                                   "assigned", "acked", "started", "escalated"]  # fmt: skip
    assert len(lateness(boss, task_id)) == 3
    assert max(lateness(boss, task_id)) <= LATE


def test_an_agent_that_stalls_longer_than_its_lease_has_lost_it(
    boss: Caller, hire: Hire, run: Callable[..., Process]
) -> None:
    agent = hire(at_once=1)
    task_id = create(boss, agent, payload={"seconds": 3}, retry_policy={"initial_interval": 30})
    process = run(agent)
    process.hear(f"started {task_id}")
    process.signal(signal.SIGSTOP)
    until(lambda: state(boss, task_id) == "queued", 2 + LATE + 1)
    process.signal(signal.SIGCONT)
    assert process.hear("completed") == "completed 409 lease_lost"
    assert told(boss, task_id) == ["created", "assigned", "acked", "started", "retried"]
    assert max(lateness(boss, task_id)) <= LATE


def test_an_agent_that_never_acks(boss: Caller, hire: Hire, run: Callable[..., Process]) -> None:
    agent = hire(at_once=1)
    process = run(agent, "dozes")
    task_id = create(boss, agent, ack_timeout=1)
    until(lambda: state(boss, task_id) == "escalated", 3 * (1 + LATE) + 3)
    process.kill()
    assert told(boss, task_id) == ["created", *["assigned", "retried"] * 2, "assigned", "escalated"]
    assert max(lateness(boss, task_id)) <= LATE
    assert task_id in {task["id"] for task in boss.get("/decisions/escalations")["escalations"]}


class Hand(threading.Thread):
    """A diligent agent that forgets to ack every fifth first attempt, and takes every refusal of the network."""

    def __init__(self, caller: Caller, done: threading.Event) -> None:
        super().__init__(daemon=True)
        self.caller, self.done, self.accepted = caller, done, list[str]()

    def run(self) -> None:
        while not self.done.is_set():
            with suppress(httpx.TransportError):
                self.work()
            self.done.wait(0.05)

    def work(self) -> None:
        answer = self.caller.post("/worker/claim", wait_seconds=0, max_tasks=2)
        for task in answer.json().get("tasks", []):
            if task["payload"]["n"] % 5 == 0 and task["attempt"] == 1:
                continue
            path, token = f"/worker/tasks/{task['id']}", task["lease_token"]
            self.caller.post(f"{path}/ack", lease_token=token, start=True)
            result = {"n": task["payload"]["n"]}
            said = self.caller.post(
                f"{path}/complete", lease_token=token, result=result, confidence=1
            )
            if said.status_code == 200:
                self.accepted.append(task["id"])


def test_redis_is_wiped_and_restarted_and_the_worker_and_beat_are_killed(
    platform: Platform, boss: Caller, hire: Hire
) -> None:
    agents, done = [hire(at_once=5) for _ in range(3)], threading.Event()
    agent = agents[0]
    for other in agents[1:]:
        other.said("/worker/register", capabilities=[agent.name])
    hands = [Hand(one, done) for one in agents]
    for hand in hands:
        hand.start()
    ids = []
    blows: dict[int, Callable[[], object]] = {
        10: lambda: platform.redis().flushall(),
        20: lambda: platform.kill("redis"),
        30: lambda: platform.kill("worker", "beat"),
        40: lambda: platform.start("redis"),
        50: lambda: platform.start("worker", "beat"),
    }
    for n in range(60):
        blows.get(n, lambda: None)()
        ids.append(create(boss, agent, payload={"n": n}, ack_timeout=1, lease_seconds=10))
    begun = time.monotonic()
    until(platform.sweeps, 30, every=0.2, what="sweeps again")
    assert time.monotonic() - begun < 15
    left = "SELECT count(*) FROM tasks WHERE id = ANY(%s) AND state <> 'verified'"
    until(lambda: platform.value(left, ids) == 0, 40, every=0.2, what="all verified")
    done.set()
    for hand in hands:
        hand.join()
    assert sorted(task_id for hand in hands for task_id in hand.accepted) == sorted(ids)
    counts = "SELECT count(*), count(DISTINCT entity_id) FROM events WHERE event_type = %s AND entity_id = ANY(%s)"
    for event_type in ("task.completed", "task.verified", "decision.auto_approved"):
        which = ids if event_type.startswith("task") else decisions_of(platform, ids)
        assert platform.rows(counts, event_type, which) == [(60, 60)]
    wrong = "SELECT id FROM tasks WHERE id = ANY(%s) AND result->'n' <> payload->'n'"
    assert platform.rows(wrong, ids) == []


def decisions_of(platform: Platform, ids: list[str]) -> list[Any]:
    return [
        row[0] for row in platform.rows("SELECT id FROM decisions WHERE task_id = ANY(%s)", ids)
    ]


def test_without_redis_tasks_are_accepted_and_deadlines_follow_by_hand(
    platform: Platform, boss: Caller, hire: Hire
) -> None:
    agent = hire(at_once=5)
    agent.said("/worker/register")
    platform.kill("redis")
    try:
        task_id = create(boss, agent, ack_timeout=1, max_retries=0)
        time.sleep(1.1)  # the deadline itself: what is tested is the way from there
        platform.manage("sweep")
        assert state(boss, task_id) == "escalated"
    finally:
        platform.start("redis")
    until(platform.sweeps, 30, every=0.2, what="sweeps again")
