"""200 tasks at once whose agent never acks, is killed at work, or falls silent: how late each moves on."""

from __future__ import annotations

import time
from typing import Any

import msgspec
from django.db import connection

from agents.models import Agent
from bench import cast, platform, steps
from bench.report import Row, percentile, progress, told
from decisions import shapes
from decisions.models import Task
from decisions.services.calls import carry_out_batch
from decisions.services.claims import claim
from decisions.services.creation import create_tasks

TASKS = {"never acks": 67, "killed": 67, "silent": 66}
SECONDS = 3
# From the moment that should have moved the task on to the event that did.
LATE = """
SELECT extract(epoch FROM min(e.created_at) - coalesce(%s::timestamptz, a.lease_expires_at))
FROM attempts a JOIN events e ON e.entity_id = a.task_id AND e.entity_type = 'task' AND e.event_type = 'task.retried'
WHERE a.agent_id = %s AND a.number = 1 GROUP BY a.id
"""


def measure(passes: int) -> list[Row]:
    manager = cast.manager()
    p99s: list[float] = []
    worsts: list[float] = []
    with platform.beat_and_worker():
        for number in range(passes):
            late = one_wave(manager, number)
            p99s.append(percentile(late, 0.99))
            worsts.append(max(late))
            progress(f"pass {number + 1} of {passes}: p99 {p99s[-1]:.2f} s")
    name, figures = "200 tasks of lost agents, p99 late", f"worst {told(max(worsts))} s"
    return [Row(name, p99s, 2, figures, at_most=True, unit=" s")]


def one_wave(manager: cast.Person, number: int) -> list[float]:
    made = cast.agents(len(TASKS), prefix=f"wave-{number}")
    by_fate = dict(zip(TASKS, made, strict=True))
    for fate, agent in by_fate.items():
        hold(manager, agent, fate)
    silent_at = fall_silent(by_fate["silent"])
    wait_until_moved(made)
    return [
        lateness
        for fate, agent in by_fate.items()
        for lateness in read(agent, silent_at if fate == "silent" else None)
    ]


def hold(manager: cast.Person, agent: cast.BenchAgent, fate: str) -> None:
    """The agent has its tasks: assigned only, or in work."""
    patience = 60 if fate == "silent" else SECONDS
    new = {**steps.wanted(agent), "ack_timeout": patience, "lease_seconds": patience}
    create_tasks([msgspec.convert(new, shapes.NewTask)] * TASKS[fate], actor=manager.actor)
    tasks = claim(agent=agent.calling, actor=agent.actor, max_tasks=100, task_types=None)
    if fate != "never acks":
        calls = [shapes.Ack(**steps.lease(task), start=True) for task in tasks]
        carry_out_batch(calls, agent_id=agent.id, actor=agent.actor)


def fall_silent(agent: cast.BenchAgent) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE agents SET silent_at = now() + %s::float8 * interval '1 second' WHERE id = %s RETURNING silent_at",
            [SECONDS, agent.id],
        )
        return cursor.fetchone()[0]


def wait_until_moved(agents: list[cast.BenchAgent]) -> None:
    until = time.monotonic() + 60
    first = Task.objects.filter(attempts__agent__in=[agent.id for agent in agents], retry_count=0)
    while first.exists():
        if time.monotonic() > until:
            raise TimeoutError("some task was never moved on")
        time.sleep(0.2)
    # Nobody has them again: the next wave is alone.
    Agent.objects.filter(pk__in=[agent.id for agent in agents]).update(
        status="maintenance", silent_at=None
    )
    Task.objects.filter(state="queued").update(due_at=None)


def read(agent: cast.BenchAgent, deadline: Any) -> list[float]:
    with connection.cursor() as cursor:
        cursor.execute(LATE, [deadline, agent.id])
        return [float(row[0]) for row in cursor.fetchall()]
