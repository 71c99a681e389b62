"""A sweep with nothing due while 100,000 timers are armed, against `select 1` on the same connection."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.db import connection

from bench import cast, rows
from bench.report import Row, interleaved, middle, ratios
from decisions.sweep import sweep

ARMED, TIMES = 100_000, 400
DUE = "SELECT id FROM tasks WHERE due_at <= now() ORDER BY due_at LIMIT 1000"


def measure(passes: int) -> list[Row]:
    (agent,) = cast.agents(1)
    rows.add_tasks(
        1,
        ARMED,
        state="'assigned'",
        agent=agent.id,
        due="now() + n * interval '1 second' + interval '1 hour'",
    )
    cast.tidy()
    sides = {
        "select 1": lambda: each(lambda: said("SELECT 1")),
        "due": lambda: each(lambda: said(DUE)),
        "sweep": lambda: each(sweep),
    }
    found = interleaved(passes, sides)
    return [
        row(found, "due", "what is due, with 100,000 armed / select 1"),
        row(found, "sweep", "the whole sweep, nothing due / select 1"),
    ]


def row(found: dict[str, list[float]], side: str, name: str) -> Row:
    told = f"{middle(found, side)} against {middle(found, 'select 1')} us"
    return Row(name, ratios(found, side, "select 1"), 3, told, at_most=True)


def said(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text)
        cursor.fetchall()


def each(call: Callable[[], object]) -> float:
    """Microseconds for one."""
    began = time.perf_counter()
    for _ in range(TIMES):
        call()
    return (time.perf_counter() - began) / TIMES * 1e6
