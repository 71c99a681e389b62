"""Claim, ack and complete by 100 over HTTP, against pgqueuer: two workers drain a queue of no-op jobs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import psycopg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import PsycopgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

from bench import cast, platform, rows, steps
from bench.crew import Crew, Worker
from bench.http import Connection, connect, run
from bench.report import Row, interleaved, middle, ratios
from decisions.models import Task

JOBS, SIZE, CONNECTIONS, WORKERS = 8000, 100, 16, 2


def measure(passes: int) -> list[Row]:
    agents = cast.agents(CONNECTIONS)
    asyncio.run(install())
    with platform.web() as port, Crew(drainer, [(platform.dsn(),)] * WORKERS, models=True) as crew:
        sides = {"http": lambda: drain(port, agents), "pgqueuer": lambda: drain_pgqueuer(crew)}
        found = interleaved(passes, sides)
    told = f"{middle(found, 'http')} against {middle(found, 'pgqueuer')} jobs/s; results wait for a person"
    name = "claim + ack + complete by 100 / pgqueuer"
    return [Row(name, ratios(found, "http", "pgqueuer"), 0.5, told)]


def drain(port: int, agents: list[cast.BenchAgent]) -> float:
    rows.add_tasks(1, JOBS, state="'queued'")
    rows.add_events((1, "task.created"), where="AND state = 'queued'")
    cast.tidy()
    began = time.perf_counter()
    done = run(drained(port, agents))
    elapsed = time.perf_counter() - began
    if done != JOBS or Task.objects.filter(state="queued").exists():
        raise RuntimeError(f"{done} of {JOBS} tasks were done")
    return done / elapsed


async def drained(port: int, agents: list[cast.BenchAgent]) -> int:
    lines = [await connect(port) for _ in agents]
    walks = (work(line, agent.key) for line, agent in zip(lines, agents, strict=True))
    return sum(await asyncio.gather(*walks))


async def work(http: Connection, key: str) -> int:
    done = 0
    asked = {"max_tasks": SIZE, "wait_seconds": 0}
    while tasks := (await http.post("/worker/claim", key, asked))["tasks"]:
        acks = [{**ack, "start": True} for ack in steps.leases("ack", tasks)]
        for calls in (acks, steps.completions(tasks)):
            results = (await http.post("/worker/batch", key, {"operations": calls}))["results"]
            if any(one["status"] != 200 for one in results):
                raise RuntimeError(str(results[:3]))
        done += len(tasks)
    return done


async def install() -> None:
    await (await queries(platform.dsn())).install()


async def queries(dsn: str) -> Queries:
    return Queries(PsycopgDriver(await psycopg.AsyncConnection.connect(dsn, autocommit=True)))


def drain_pgqueuer(crew: Crew) -> float:
    asyncio.run(fill())
    cast.tidy()
    return crew.rate(0)


async def fill() -> None:
    made = await queries(platform.dsn())
    await made.enqueue(["noop"] * JOBS, [None] * JOBS, [0] * JOBS)


def drainer(dsn: str) -> Worker:
    def ready(seconds: float) -> Callable[[float], int]:
        return lambda seconds: uvloop.run(drained_by_pgqueuer(dsn))

    return ready


async def drained_by_pgqueuer(dsn: str) -> int:
    done = 0
    made = await queries(dsn)
    worker = PgQueuer(made.driver)

    @worker.entrypoint("noop")
    async def noop(job: Job) -> None:
        nonlocal done
        done += 1

    await worker.run(batch_size=SIZE, mode=QueueExecutionMode.drain)
    return done
