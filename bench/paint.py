"""How soon each page that people look at is seen in Chromium, from the click to the first paint, and what it weighs."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench import oversight_pages, platform
from bench.report import Row, progress, told
from bench.stores import Store

TASKS = 10_000
MOST_SECONDS, MOST_KB = 0.5, 150
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
Found = dict[str, list[float]]


def measure(passes: int) -> list[Row]:
    store = Store(os.environ["DATABASE_URL"].rsplit("/")[-1], TASKS)
    store.fill()
    paths, cookies = oversight_pages.addresses(store), oversight_pages.cookie(store)
    connections["default"].close()
    with served(store) as address, chromium() as browser:
        cold, warm, weights = looked_at(browser, address, cookies, paths, passes)
    heaviest = max(weights, key=lambda page: weights[page])
    return [
        *(row(page, cold[page], warm[page], weights[page]) for page in paths),
        Row("on the wire, nothing cached", [weights[heaviest]], MOST_KB, f"heaviest: {heaviest}", True, " kB"),
    ]  # fmt: skip


@contextmanager
def served(store: Store) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        oversight_pages.collect_files(folder)
        with platform.live(DATABASE_URL=store.url, DATA_DIR=folder) as port:
            yield f"http://localhost:{port}"


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        path = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def looked_at(
    browser: Browser, address: str, cookies: dict[str, str], paths: dict[str, str], passes: int
) -> tuple[Found, Found, dict[str, float]]:
    """Seconds to the first paint of each pass, with nothing cached and then with all; and kilobytes."""
    cold: Found = defaultdict(list)
    warm: Found = defaultdict(list)
    weights: dict[str, float] = {}
    for number in range(passes + 1):
        for name, path in paths.items():
            context = signed_in(browser, address, cookies)
            first, weight = seen(context.new_page(), address + path)
            again, _ = seen(context.new_page(), address + path)
            context.close()
            if number:
                cold[name].append(first)
                warm[name].append(again)
                weights[name] = weight
        progress(f"first paint, pass {number} of {passes}")
    return cold, warm, weights


def signed_in(browser: Browser, address: str, cookies: dict[str, str]) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies(
        [{"name": name, "value": value, "url": address} for name, value in cookies.items()]
    )
    return context


def seen(page: Page, address: str) -> tuple[float, float]:
    """Seconds to its first paint, and the kilobytes that came for all of it."""
    received: list[float] = []
    tools = page.context.new_cdp_session(page)
    tools.send("Network.enable")
    tools.on("Network.loadingFinished", lambda said: received.append(said["encodedDataLength"]))
    answer = page.goto(address, wait_until="load")
    if answer is None or answer.status != 200:
        raise RuntimeError(f"{address}: {answer and answer.status}")
    painted: Any = page.wait_for_function(PAINTED).json_value()
    page.close()
    return painted / 1000, sum(received) / 1000


def row(page: str, cold: list[float], warm: list[float], weight: float) -> Row:
    cached = f"cached {told(median(warm))} s (worst {told(max(warm))})"
    figures = f"{cached}; {told(weight)} kB"
    return Row(f"first paint: {page}", cold, MOST_SECONDS, figures, at_most=True, unit=" s")
