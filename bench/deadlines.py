"""20,000 deadlines within one second, through Celery's beat and worker: how late each is."""

from __future__ import annotations

import time

from django.db import connection

from bench import cast, platform, rows
from bench.report import Row, percentile, progress, told
from decisions.models import Task

DEADLINES, TICK, AHEAD = 20_000, 1.0, 8
LATE = """
SELECT extract(epoch FROM e.created_at - a.lease_expires_at)
FROM attempts a JOIN events e ON e.entity_id = a.task_id AND e.entity_type = 'task' AND e.version = 3
"""


def measure(passes: int) -> list[Row]:
    p99s: list[float] = []
    p50s: list[float] = []
    with platform.beat_and_worker(SWEEP_INTERVAL_SECONDS=str(TICK)):
        for number in range(passes):
            late = one_wave()
            p99s.append(percentile(late, 0.99) / TICK)
            p50s.append(percentile(late, 0.5))
            progress(f"pass {number + 1} of {passes}: p99 {p99s[-1]:.2f} s")
    figures = f"p50 {told(sorted(p50s)[len(p50s) // 2])} s; a tick is {TICK:g} s"
    name = "20,000 deadlines in a second, p99 late"
    return [Row(name, p99s, 1.25, figures, at_most=True, unit=" ticks")]


def one_wave() -> list[float]:
    """Tasks that nobody acks, each with a deadline of its own in the same second."""
    (agent,) = cast.agents(1, prefix=f"wave-{time.monotonic_ns()}")
    due = f"now() + interval '{AHEAD} seconds' + n * interval '1 second' / {DEADLINES}"
    rows.add_tasks(1, DEADLINES, state="'assigned'", agent=agent.id, due=due)
    cast.tidy()
    until = time.monotonic() + 60
    while Task.objects.filter(assigned_agent=agent.id).exists():
        if time.monotonic() > until:
            raise TimeoutError("the sweep did not come")
        time.sleep(0.2)
    with connection.cursor() as cursor:
        cursor.execute(LATE + "WHERE a.agent_id = %s", [agent.id])
        return [float(row[0]) for row in cursor.fetchall()]
