"""Six calls over HTTP, against psycopg alone."""

from __future__ import annotations

from bench import cast, caught, plain, platform, replay, steps
from bench.crew import Crew
from bench.http import Load
from bench.report import Row, interleaved, middle, ratios

CONNECTIONS, CLIENTS, SECONDS = 16, 4, 2.5


def measure(passes: int) -> list[Row]:
    manager, reviewer = cast.manager(), cast.reviewer()
    agents = cast.agents(CONNECTIONS + CLIENTS)
    trios = [steps.Trio(manager, agent, reviewer) for agent in agents]
    script = caught.statements(steps.services(trios[0]))
    clients = trios[CONNECTIONS:]
    same = [(platform.dsn(), script, caught.staying(trios[0], one), 1) for one in clients]
    least = [(platform.dsn(), plain.script(one), caught.staying(one, one), 1) for one in clients]
    with (
        platform.web() as port,
        Crew(replay.client, same) as tx4,
        Crew(replay.client, least) as bare,
    ):
        load = Load(port, [steps.walk(trio) for trio in trios[:CONNECTIONS]], calls=6)
        load.rate(SECONDS)
        cast.tidy()
        sides = {
            "http": lambda: load.rate(SECONDS),
            "same": lambda: tx4.rate(SECONDS),
            "plain": lambda: bare.rate(SECONDS),
        }
        found = interleaved(passes, sides)
    told = f"{middle(found, 'http')} against {{}} lifecycles/s; {load.own_cost}"
    statements = sum(map(len, script))
    return [
        Row("lifecycle, HTTP / the same statements", ratios(found, "http", "same"), 0.20,
            told.format(middle(found, "same")) + f"; {statements} statements"),
        Row("lifecycle, HTTP / plain tx-4", ratios(found, "http", "plain"), None,
            told.format(middle(found, "plain"))),
    ]  # fmt: skip
