"""Says something so many times a second, and prints when it said what: run by `bench.sockets` in a process of its own.

A line for each: the id, and the moment after the commit, by the clock that all processes of the machine share.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from uuid import uuid4

from agentic.actors import system
from bench.ws import listen
from decisions.models import Task
from decisions.services.creation import create_task
from decisions.services.interventions import escalate_task
from decisions.shapes import NewTask
from decisions.states import State

# About as long as the frame of an event is.
FILLING = "x" * 500
ESCALATED_EVERY = 10
WANTED = NewTask(title="a task for nobody", required_capabilities=["nobody"])


def tell(what: str, count: int, per_second: float, port: int) -> None:
    if what == "raw":
        asyncio.run(tell_raw(count, per_second, port))
        return
    began = time.monotonic()
    for number in range(count):
        time.sleep(max(0.0, began + number / per_second - time.monotonic()))
        TELLERS[what](number)


def said(what: object) -> None:
    print(what, time.monotonic(), flush=True)


def new_task(number: int) -> None:
    said(create_task(WANTED, actor=system()))


def now_and_then_an_escalation(number: int) -> None:
    """One event each time: tasks that are made, and the newest of every so many is escalated."""
    if number % ESCALATED_EVERY:
        create_task(WANTED, actor=system())
        return
    newest = Task.objects.filter(state=State.QUEUED).order_by("-created_at", "-id")
    for task_id in newest.values_list("pk", flat=True)[:1]:
        escalate_task(task_id, actor=system(), reason="a measurement")
        said(task_id)


TELLERS: dict[str, Callable[[int], None]] = {
    "tasks": new_task,
    "escalations": now_and_then_an_escalation,
}


async def tell_raw(count: int, per_second: float, port: int) -> None:
    teller = await listen(port, "/tell", lambda frame: None)
    began = time.monotonic()
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
        name = str(uuid4())
        said(name)
        teller.send(f'{{"entity_id":"{name}","data":"{FILLING}"}}'.encode())
    await asyncio.sleep(1)
