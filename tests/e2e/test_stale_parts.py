"""Whatever a page shows of something that changes is fetched after the last news of it: however the news fall."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Route, expect

from tests.e2e.browsing import Visit, sign_in, visitors
from tests.e2e.filled import Full

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")

PAGES = (
    "/dashboard", "/reviews/{review}", "/escalations", "/tasks", "/tasks/{task}", "/agents", "/agents/{agent}",
    "/models", "/models/{model}", "/training-jobs", "/training-jobs/{job}", "/events",
)  # fmt: skip
SLOW = {"offline": False, "latency": 700, "downloadThroughput": -1, "uploadThroughput": -1}
# Milliseconds from one piece of news to the next: together, within what a fetch takes, and about its pauses.
GAPS = (0, 0, 30, 250, 690, 20, 980, 40, 1_500, 10, 300, 720, 2_990, 20)
# What parts fetch by themselves now and then would hide what they missed.
NOT_BY_ITSELF = """() => {
  const every = window.setInterval;
  window.setInterval = (call, pause, ...more) => pause === 10_000 ? 0 : every(call, pause, ...more);
}"""
TELL = """(topics) => {
  document.getElementById("news").dataset.topics = topics;
  document.dispatchEvent(new CustomEvent("htmx:wsAfterMessage"));
}"""
BURST = """(gaps) => {
  const parts = () => [...document.querySelectorAll("main [data-live][hx-get]")];
  const asked = new Map();
  let last = Infinity;
  document.addEventListener("htmx:beforeSend", ({ detail }) => asked.set(detail.elt.id, performance.now()));
  const missed = () => parts().map((part) => part.id).filter((id) => !(asked.get(id) >= last));
  const rest = (time) => new Promise((done) => setTimeout(done, time));
  const run = async () => {
    for (const gap of gaps) {
      await rest(gap);
      last = performance.now();
      (TELL)(parts().map((part) => part.dataset.live).join(" "));
    }
    for (let tries = 0; tries < 600 && missed().length; tries++) await rest(50);
    return { parts: parts().length, missed: missed() };
  };
  window.burst = run();
}""".replace("TELL", TELL)


@pytest.fixture(scope="module")
def visit(full: Full, browser: Browser) -> Iterator[Visit]:
    with visitors(browser, full.served.url) as by_name:
        yield by_name


def opened(first: Page, full: Full, path: str) -> Page:
    page = first.context.new_page()
    page.add_init_script(f"({NOT_BY_ITSELF})()")
    page.goto(full.served.url + path.format(**full.names))
    page.wait_for_function("document.documentElement.dataset.live && window.htmx")
    page.context.new_cdp_session(page).send("Network.emulateNetworkConditions", SLOW)
    return page


def test_every_part_is_fetched_after_the_last_news_of_it(full: Full, visit: Visit) -> None:
    first = visit("ada")
    pages = {path: opened(first, full, path) for path in PAGES}
    for page in pages.values():
        page.evaluate(BURST, GAPS)
    found: dict[str, Any] = {path: page.evaluate("window.burst") for path, page in pages.items()}
    assert {path: told["missed"] for path, told in found.items() if told["missed"]} == {}
    assert all(told["parts"] for told in found.values()), found


@pytest.mark.parametrize("status", [429, 503, 0])
def test_what_could_not_be_fetched_is_fetched_again(full: Full, page: Page, status: int) -> None:
    sign_in(page, full.served.url, "vera", "/tasks")
    asked: list[str] = []

    def refuse_once(route: Route) -> None:
        asked.append(route.request.url)
        if len(asked) > 1:
            route.continue_()
        elif status:
            route.fulfill(status=status)
        else:
            route.abort()

    page.route(re.compile("/tasks"), refuse_once)
    page.evaluate(TELL, "tasks")
    end = time.monotonic() + 8
    while len(asked) < 2 and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert len(asked) == 2
    expect(page.locator("#tasks")).to_contain_text("Kept up to date")


def test_what_somebody_does_waits_for_no_fetch(full: Full, page: Page) -> None:
    """Who stops an agent does not wait until the page has brought itself up to date."""
    path = f"/agents/{full.names['agent']}"
    sign_in(page, full.served.url, "ada", path)
    page.wait_for_function("document.documentElement.dataset.live && window.htmx")
    sent: list[str] = []

    def hold(route: Route) -> None:
        """What is fetched never comes, and what is done here is done to nobody."""
        sent.append(route.request.method)
        if sent[-1] == "POST":
            route.fulfill(status=204)

    page.route(re.compile(path), hold)
    page.evaluate("htmx.trigger('#agent-acts', 'calm')")
    page.click("summary:has-text('Stop it at once')")
    page.fill("#stop-reason", "it goes wild")
    with page.expect_request(lambda asked: asked.method == "POST", timeout=8_000):
        page.click("#agent-acts button.danger:has-text('Stop')")
    assert sent[0] == "GET"
