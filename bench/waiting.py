"""200 claims that wait on one uvicorn process: connections to the database, and how fast a new task wakes its claim."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import psycopg
from django.db import connection

from bench import cast, platform, steps
from bench.http import Connection, connect, run
from bench.report import Row, percentile, progress, told

AGENTS = 200


def measure(passes: int) -> list[Row]:
    manager, agents = cast.manager(), cast.agents(AGENTS)
    cast.tidy()
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    with platform.web() as web, platform.live() as live:
        p95s, p50s, most = run(waves(passes, web, live, manager.token, agents))
    figures = f"p50 {told(sorted(p50s)[len(p50s) // 2])} s, {AGENTS} claims waiting"
    return [
        Row("waiting claims: database connections", [float(most)], 19, figures, at_most=True),
        Row("waiting claims: creation to answer, p95", p95s, 0.3, figures, at_most=True, unit=" s"),
    ]


async def waves(
    passes: int, web: int, live: int, token: str, agents: list[cast.BenchAgent]
) -> tuple[list[float], list[float], int]:
    p95s, p50s, most = [], [], 0
    for number in range(passes + 1):
        creator, waiters = await connect(web), [await connect(live) for _ in agents]
        answers = [
            asyncio.ensure_future(wait(waiter, agent))
            for waiter, agent in zip(waiters, agents, strict=True)
        ]
        await all_asleep()
        made, counts = await asyncio.gather(created(creator, token, agents), counted(answers))
        late = [await answer - began for answer, began in zip(answers, made, strict=True)]
        call_off()
        if number:
            p95s.append(percentile(late, 0.95))
            p50s.append(percentile(late, 0.5))
            most = max(most, counts)
        progress(
            f"pass {number} of {passes}: p95 {percentile(late, 0.95):.3f} s, {counts} connections"
        )
    return p95s, p50s, most


async def wait(http: Connection, agent: cast.BenchAgent) -> float:
    """When the claim was answered with a task."""
    answer = await http.post("/worker/claim", agent.key, {"wait_seconds": 50})
    if len(answer["tasks"]) != 1:
        raise RuntimeError(str(answer))
    return time.perf_counter()


def call_off() -> None:
    """The next wave's claims find nothing that is theirs already."""
    with psycopg.connect(platform.dsn()) as alone:
        alone.execute(
            "UPDATE tasks SET state = 'cancelled', due_at = NULL WHERE state = 'assigned'"
        )


async def all_asleep() -> None:
    """Until every claim has looked once and waits: then the server's process rests."""
    with psycopg.connect(platform.dsn(), autocommit=True) as alone:
        quiet = 0
        while quiet < 5:
            await asyncio.sleep(0.1)
            quiet = quiet + 1 if active(alone) == 0 else 0


async def created(http: Connection, token: str, agents: list[cast.BenchAgent]) -> list[float]:
    """When each task was asked for, one after the other."""
    began = []
    for agent in agents:
        began.append(time.perf_counter())
        await http.post("/decisions/task", token, steps.wanted(agent))
    return began


async def counted(answers: Sequence[asyncio.Future[float]]) -> int:
    """The most connections to the database at any moment until all are answered."""
    most = 0
    with psycopg.connect(platform.dsn(), autocommit=True, application_name="bench") as alone:
        while not all(answer.done() for answer in answers):
            most = max(most, connections(alone))
            await asyncio.sleep(0.02)
    return most


def connections(alone: psycopg.Connection) -> int:
    row = alone.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'agentic'"
    ).fetchone()
    return int(row[0]) if row else 0


def active(alone: psycopg.Connection) -> int:
    row = alone.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'agentic'"
        " AND state <> 'idle'"
    ).fetchone()
    return int(row[0]) if row else 0
