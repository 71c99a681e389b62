from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agentic_client import Agent, testing

pytestmark = pytest.mark.serial

HERE = Path(__file__).parent
Start = Callable[[float], "subprocess.Popen[bytes]"]


@pytest.fixture
def start(fake: testing.FakePlatform, server: str) -> Iterator[Start]:
    """Starts the sleeper in a process of its own, with the given grace."""
    processes = []

    def run(grace: float) -> subprocess.Popen[bytes]:
        settings = {"AGENTIC_URL": server, "AGENTIC_KEY": fake.add_key(), "GRACE": str(grace)}
        command = [sys.executable, "-m", "agentic_client", "run", "sleeper:agent"]
        environment = {**os.environ, **settings, "PYTHONPATH": str(HERE.parent)}
        processes.append(subprocess.Popen(command, cwd=HERE, env=environment))
        return processes[-1]

    yield run
    for process in processes:
        process.kill()
        process.wait()


def is_asleep(fake: testing.FakePlatform, task_id: str) -> Callable[[], bool]:
    return lambda: fake.tasks[task_id].checkpoint == {"step": 1}


def test_it_finishes_what_it_can_and_takes_nothing_new(
    fake: testing.FakePlatform, start: Start
) -> None:
    task_id, process = fake.add_task("sleep", {"seconds": 0.6}), start(5)
    fake.wait_for(is_asleep(fake, task_id))
    later = fake.add_task("sleep", {"seconds": 0})
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert fake.results == {task_id: {"slept": 0.6}}
    assert fake.outcomes[later].attempts == 0


def test_it_releases_what_does_not_finish_in_time(fake: testing.FakePlatform, start: Start) -> None:
    task_id, process = fake.add_task("sleep", {"seconds": 60}), start(0.2)
    fake.wait_for(is_asleep(fake, task_id))
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    task = fake.tasks[task_id]
    assert (task.state, task.checkpoint) == ("queued", {"step": 1})
    assert task.resume == {"reason": "released", "attempt": 1}


def test_it_releases_at_once_at_the_second_signal(fake: testing.FakePlatform, start: Start) -> None:
    task_id, process = fake.add_task("sleep", {"seconds": 60}), start(60)
    fake.wait_for(is_asleep(fake, task_id))
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    assert fake.tasks[task_id].resume == {"reason": "released", "attempt": 1}


def test_it_leaves_an_idle_long_poll_at_once(fake: testing.FakePlatform, start: Start) -> None:
    fake.poll_wait = 30
    process = start(20)
    fake.wait_for(lambda: fake.sent("claim"))
    asked = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert time.monotonic() - asked < 2


def test_it_survives_a_killed_agent(fake: testing.FakePlatform, start: Start) -> None:
    fake.lease_seconds = 0.5
    task_id, process = fake.add_task("sleep", {"seconds": 0.7}), start(5)
    fake.wait_for(is_asleep(fake, task_id))
    process.kill()
    start(5)
    fake.wait_for(lambda: fake.results)
    assert fake.outcomes[task_id].attempts == 2


def test_it_hangs_up_its_long_poll(fake: testing.FakePlatform, server: str, agent: Agent) -> None:
    fake.poll_wait = 30
    agent.connect(server, fake.add_key())
    agent.task("act")(lambda task: None)
    others = set(threading.enumerate())
    threading.Thread(target=agent.run).start()
    fake.wait_for(lambda: fake.sent("claim"))
    agent.stop()
    fake.wait_for(lambda: not [t for t in set(threading.enumerate()) - others if is_ours(t)])


def is_ours(thread: threading.Thread) -> bool:
    return thread.name == "agentic"
