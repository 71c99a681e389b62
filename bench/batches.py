"""The six steps by 100 over HTTP, against the best that psycopg alone makes of the same."""

from __future__ import annotations

from bench import cast, caught, plain, platform, replay, steps
from bench.crew import Crew
from bench.http import Load
from bench.report import Row, interleaved, middle, progress, ratios

SIZE, CONNECTIONS, CLIENTS, SECONDS = 100, 16, 4, 2.5


def measure(passes: int) -> list[Row]:
    manager, reviewer = cast.manager(), cast.reviewer()
    agents = cast.agents(CONNECTIONS + CLIENTS)
    trios = [steps.Trio(manager, agent, reviewer) for agent in agents]
    script = caught.statements(steps.services_by(SIZE, trios[0]))
    clients = trios[CONNECTIONS:]
    same = [(platform.dsn(), script, caught.staying(trios[0], one), SIZE) for one in clients]
    least = [
        (platform.dsn(), plain.script(one, SIZE), caught.staying(one, one), SIZE) for one in clients
    ]
    with (
        platform.web() as port,
        Crew(replay.client, same) as alone,
        Crew(replay.client, least) as bare,
    ):
        load = Load(port, [steps.walk_by(SIZE, trio) for trio in trios[:CONNECTIONS]])
        load.rate(SECONDS)
        cast.tidy()
        best, best_bare = best_of(alone), best_of(bare)
        sides = {
            "http": lambda: load.rate(SECONDS),
            "same": lambda: alone.rate(SECONDS, best),
            "plain": lambda: bare.rate(SECONDS, best_bare),
        }
        found = interleaved(passes, sides)
    told = f"{middle(found, 'http')} against {{}} lifecycles/s of {{}} clients; {load.own_cost}"
    return [
        Row("lifecycle by 100, HTTP / the same statements", ratios(found, "http", "same"), 0.65,
            told.format(middle(found, "same"), best)),
        Row("lifecycle by 100, HTTP / plain", ratios(found, "http", "plain"), None,
            told.format(middle(found, "plain"), best_bare)),
    ]  # fmt: skip


def best_of(crew: Crew) -> int:
    """With how many clients psycopg is fastest."""
    crew.rate(SECONDS)
    rates = {number: crew.rate(SECONDS, number) for number in range(1, CLIENTS + 1)}
    progress(f"clients: {rates}")
    return max(rates, key=lambda number: rates[number])
