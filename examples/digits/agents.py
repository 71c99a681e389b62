"""`python -m examples.digits.agents steady`: one of the three agents, as a process of its own.

AGENTIC_URL and AGENTIC_KEY say where the platform is and which agent this is.
"""

from __future__ import annotations

import argparse
import logging
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from agentic_client import Agent, AgenticError, Result, Task
from examples.digits.classifiers import Reader
from examples.digits.tasks import ACK_TIMEOUT, CAPABILITY, TASK_TYPE

ACK_COMES_LATE_BY = 2.0
STEPS = 5


@dataclass(frozen=True)
class Habits:
    """Seconds that an image takes beyond the reading itself, images at once, and the share of late acks."""

    pause: float
    concurrency: int = 1
    late_acks: float = 0.0


# The pauses stand for models larger than these.
HABITS = {
    "steady": Habits(pause=0.25, concurrency=2),
    "eager": Habits(pause=0.15),
    "slow": Habits(pause=1.0, late_acks=0.15),
}
# Where many images are to be read in little time.
QUICK = Habits(pause=0, concurrency=8)


class StallingNetwork(httpx.HTTPTransport):
    """Now and then an ack is held up until it comes too late."""

    def __init__(self, share: float) -> None:
        super().__init__(limits=httpx.Limits(max_connections=None))
        self.share = share

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/ack") and random.random() < self.share:
            time.sleep(ACK_TIMEOUT + ACK_COMES_LATE_BY)
        return super().handle_request(request)


class NotMine(Exception):
    """Something else than a digit: a person has to look, as trying again would end the same way."""


def agent_called(name: str, habits: Habits) -> Agent:
    reader = Reader(name)
    agent = Agent(
        capabilities=[CAPABILITY],
        concurrency=habits.concurrency,
        framework="scikit-learn",
        non_retryable=[NotMine],
        transport=StallingNetwork(habits.late_acks) if habits.late_acks else None,
    )

    @agent.task(TASK_TYPE)
    def read_digit(task: Task) -> Result:
        reading = reader.read(task.payload["image"])
        take_time(task, habits.pause)
        return Result({"label": reading.label}, reading.probability, reading.rationale)

    @agent.task()
    def pass_on(task: Task) -> Result:
        raise NotMine(f"this agent reads digits, not tasks of type {task.task_type}")

    return agent


def take_time(task: Task, seconds: float) -> None:
    """Pause, and tell how far it is when that takes long enough to be of interest."""
    if not seconds:
        return
    for step in range(STEPS):
        time.sleep(seconds / STEPS)
        task.check()
        if seconds >= 1:
            task.progress((step + 1) / STEPS)


def stop_with_parent() -> None:
    """Whoever started this process holds the other end of its input: when they are gone, it stops."""

    def wait() -> None:
        os.read(
            sys.stdin.fileno(), 1
        )  # not by the file's own methods: their lock would outlive the thread
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=HABITS)
    parser.add_argument("--stop-with-parent", action="store_true", help="stop when stdin is closed")
    parser.add_argument("--quick", action="store_true", help="no pauses, and no late acks")
    asked = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    if asked.stop_with_parent:
        stop_with_parent()
    try:
        agent_called(asked.name, QUICK if asked.quick else HABITS[asked.name]).run()
    except AgenticError as error:
        logging.critical("%s", error)  # noqa: LOG015 - it is the program's own log
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
