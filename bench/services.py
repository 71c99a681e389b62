"""The services without HTTP, in four processes, against psycopg alone with the same statements."""

from __future__ import annotations

import time
from collections.abc import Callable

from bench import cast, caught, platform, replay, steps
from bench.crew import Crew, Worker
from bench.report import Row, interleaved, middle, ratios

CLIENTS, SECONDS = 4, 2.5


def measure(passes: int) -> list[Row]:
    manager, reviewer = cast.manager(), cast.reviewer()
    trios = [steps.Trio(manager, agent, reviewer) for agent in cast.agents(2 * CLIENTS)]
    callers, clients = trios[:CLIENTS], trios[CLIENTS:]
    script = caught.statements(steps.services(callers[0]))
    same = [(platform.dsn(), script, caught.staying(callers[0], one), 1) for one in clients]
    hired = [(one,) for one in callers]
    with Crew(caller, hired, models=True) as ours, Crew(replay.client, same) as tx4:
        ours.rate(SECONDS)
        cast.tidy()
        sides = {"services": lambda: ours.rate(SECONDS), "same": lambda: tx4.rate(SECONDS)}
        found = interleaved(passes, sides)
    told = f"{middle(found, 'services')} against {middle(found, 'same')} lifecycles/s"
    name = "lifecycle, services / the same statements"
    return [Row(name, ratios(found, "services", "same"), 0.40, told)]


def caller(trio: steps.Trio) -> Worker:
    walk = steps.services(trio)

    def run(seconds: float) -> int:
        until, done = time.perf_counter() + seconds, 0
        while time.perf_counter() < until:
            left = None
            for step in walk:
                left = step(left)
            done += 1
        return done

    def ready(seconds: float) -> Callable[[float], int]:
        return run

    return ready
