"""Pages of tasks and events, at 1,000 tasks and at 1,000,000: in the selectors, over HTTP, and as people see them."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from agentic.events import read_after
from bench import cast, oversight_pages, platform
from bench.http import Connection, connect, run
from bench.report import Row, percentile, told
from bench.stores import Store
from decisions import selectors
from decisions.cursors import Cursor

FEW, SOME, MANY, PAGE, SAMPLES = 1_000, 10_000, 1_000_000, 50, 150
# So common that its deepest page is full in both.
STATE = "verified"
PLACES = {"first": 0.0, "middle": 0.5, "deep": 0.9}
OVER_HTTP = ("first", "deep")
Page = Callable[[], Any]
Times = dict[str, list[float]]


def measure(passes: int) -> list[Row]:
    with platform.fresh_database("few") as few, platform.fresh_database("some") as some:
        many = Store(os.environ["DATABASE_URL"].rsplit("/")[-1], MANY)
        stores = {"few": Store(few, FEW), "some": Store(some, SOME), "many": many}
        for store in stores.values():
            store.fill()
        found = of_api(passes, {"few": stores["few"], "many": many})
        found += oversight_pages.measure(passes, {"few": stores["some"], "many": many})
        for store in stores.values():
            store.alone.close()
    return found


def of_api(passes: int, stores: dict[str, Store]) -> list[Row]:
    tokens = {}
    for name, store in stores.items():
        store.use()
        tokens[name] = cast.manager().token
    found = [timed(passes, {n: in_process(s) for n, s in stores.items()}, stores)]
    paths = {name: addresses(store) for name, store in stores.items()}
    found.append(run(over_http(passes, stores, paths, tokens)))
    return [
        worst(kind, way, times)
        for way, times in zip(("selectors", "HTTP"), found, strict=True)
        for kind in ("tasks", "events")
    ]


def in_process(store: Store) -> dict[str, Page]:
    store.use()
    pages: dict[str, Page] = {}
    for place, share in PLACES.items():
        for state in ("", STATE):
            pages[f"tasks {state} {place}"] = tasks_page(state, store.cursor(share, state))
        for kind in ("", "task"):
            pages[f"events {kind} {place}"] = events_page(int(store.events * share), kind)
    entity = store.entity()
    pages["events of one"] = lambda: read_after(0, limit=PAGE, entity_id=entity)
    return pages


def tasks_page(state: str, cursor: Cursor | None) -> Page:
    return lambda: selectors.list_tasks(state=state, limit=PAGE, offset=0, cursor=cursor)


def events_page(after: int, kind: str) -> Page:
    return lambda: read_after(after, limit=PAGE, entity_type=kind)


def timed(passes: int, pages: dict[str, dict[str, Page]], stores: dict[str, Store]) -> Times:
    """p99 of each page in each pass, by `kind/store`."""
    found: Times = defaultdict(list)
    for number in range(passes + 1):
        for kind in pages["few"]:
            taken: Times = defaultdict(list)
            for _ in range(SAMPLES):
                for name, store in stores.items():
                    store.use()
                    began = time.perf_counter()
                    pages[name][kind]()
                    taken[name].append(time.perf_counter() - began)
            keep(found, kind, taken, number)
    return found


def keep(found: Times, kind: str, taken: Times, number: int) -> None:
    if number:
        for name, times in taken.items():
            found[f"{kind}/{name}"].append(percentile(times, 0.99) * 1000)


async def over_http(
    passes: int, stores: dict[str, Store], paths: dict[str, dict[str, str]], tokens: dict[str, str]
) -> Times:
    with served(stores["few"]) as few, served(stores["many"]) as many:
        http = {"few": await connect(few), "many": await connect(many)}
        found: Times = defaultdict(list)
        for number in range(passes + 1):
            for kind in paths["few"]:
                taken: Times = defaultdict(list)
                for _ in range(SAMPLES):
                    for name in stores:
                        taken[name].append(await got(http[name], paths[name][kind], tokens[name]))
                keep(found, kind, taken, number)
    return found


def addresses(store: Store) -> dict[str, str]:
    store.use()
    paths = {}
    for place in OVER_HTTP:
        share = PLACES[place]
        for state in ("", STATE):
            asked = {"limit": PAGE, "state": state, "cursor": store.cursor(share, state) or ""}
            paths[f"tasks {state} {place}"] = f"/decisions/tasks?{query(asked)}"
        for kind in ("", "task"):
            asked = {"limit": PAGE, "after": int(store.events * share), "entity_type": kind}
            paths[f"events {kind} {place}"] = f"/decisions/events?{query(asked)}"
    paths["events of one"] = f"/decisions/events?entity_id={store.entity()}"
    return paths


def query(asked: dict[str, Any]) -> str:
    return urlencode({name: value for name, value in asked.items() if value != ""})


async def got(http: Connection, path: str, token: str) -> float:
    began = time.perf_counter()
    await http.get(path, token)
    return time.perf_counter() - began


@contextmanager
def served(store: Store) -> Iterator[int]:
    with platform.web(workers=1, DATABASE_URL=store.url) as port:
        yield port


def worst(kind: str, way: str, times: Times) -> Row:
    """The page whose p99 grows most."""
    grown = {
        key.split("/")[0]: [
            a / b for a, b in zip(times[key.replace("/few", "/many")], times[key], strict=True)
        ]
        for key in times
        if key.startswith(kind) and key.endswith("/few")
    }
    page = max(grown, key=lambda one: sorted(grown[one])[len(grown[one]) // 2])
    few, many = (
        told(sorted(times[f"{page}/{name}"])[len(grown[page]) // 2]) for name in ("few", "many")
    )
    figures = f"worst page: {page}, p99 {many} ms against {few} ms"
    name = f"{kind} by cursor, {way}: 1,000,000 rows / 1,000"
    return Row(name, grown[page], 1.25, figures, at_most=True)
