"""Every page, full of hostile text and empty: no serious fault for anybody, nothing refused, and small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page

from tests.e2e.browsing import Visit, listen, visitors
from tests.e2e.embedded import Running
from tests.e2e.filled import HOSTILE, Full

AXE = Path(__file__).parents[1] / "vendor" / "axe-4.14.1.min.js"
# Violations that keep people out; on the same terms as WCAG 2.2, AA.
RUN_AXE = "async () => (await axe.run(document)).violations.filter(v => ['serious', 'critical'].includes(v.impact))"
BEYOND = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
MOST_BYTES = 150_000
LISTS = (
    "/dashboard", "/reviews", "/escalations", "/tasks", "/agents", "/models", "/training-jobs", "/events", "/audits",
    "/notifications",
)  # fmt: skip
ONES = (
    "/reviews/{review}", "/tasks/{task}", "/tasks/{task}/receipt", "/tasks/{rejected}", "/agents/{agent}",
    "/models/{model}", "/training-jobs/{job}", "/events/{event}", "/audits/{audit}", "/nothing", "/reviews/{task}",
)  # fmt: skip
PAGES = LISTS + ONES

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


@pytest.fixture(scope="module")
def visit(full: Full, browser: Browser) -> Iterator[Visit]:
    with visitors(browser, full.served.url) as by_name:
        yield by_name


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request: Any, visit: Visit) -> Page:
    return visit(
        "ada", color_scheme=request.param, bypass_csp=True
    )  # for axe, and for nothing else


@pytest.fixture(scope="module")
def as_served(visit: Visit) -> Page:
    """Under our own content security policy."""
    return visit("ada")


def address(full: Full, path: str) -> str:
    return full.served.url + path.format(**full.names)


def faults(page: Page) -> list[tuple[str, str]]:
    page.add_script_tag(path=str(AXE))
    return [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in page.evaluate(RUN_AXE)]


def is_untouched(page: Page) -> bool:
    """Nothing has run that somebody wrote, nor become part of the page."""
    return page.locator("body#ran").count() == page.locator("img[src=x]").count() == 0


def is_too_wide(page: Page) -> list[int]:
    """The widths of screens that it does not fit."""
    found = []
    for width in (1920, 1280, 375):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate(BEYOND) > 0:
            found.append(width)
    return found


@pytest.mark.parametrize("path", PAGES)
def test_it_has_no_serious_fault_for_anybody(full: Full, page: Page, path: str) -> None:
    answer = page.goto(address(full, path))
    assert answer is not None
    assert answer.status == (404 if path in {"/nothing", "/reviews/{task}"} else 200)
    assert faults(page) == []


@pytest.mark.parametrize("path", PAGES)
def test_it_runs_nothing_that_somebody_wrote_and_is_small(
    full: Full, as_served: Page, path: str
) -> None:
    received: list[float] = []
    tools = as_served.context.new_cdp_session(as_served)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    tools.on("Network.loadingFinished", lambda said: received.append(said["encodedDataLength"]))
    as_served.goto(address(full, path), wait_until="networkidle")
    assert is_untouched(as_served)
    tools.detach()
    assert 1_000 < sum(received) <= MOST_BYTES


@pytest.mark.parametrize("path", PAGES)
def test_it_fits_every_screen(full: Full, as_served: Page, path: str) -> None:
    as_served.goto(address(full, path))
    assert is_too_wide(as_served) == []


@pytest.mark.parametrize("path", LISTS)
def test_it_is_without_fault_where_there_is_nothing_yet(nothing_yet: Page, path: str) -> None:
    nothing_yet.goto(path)
    assert is_too_wide(nothing_yet) == []
    assert faults(nothing_yet) == []


@pytest.fixture(scope="module")
def nothing_yet(served: Running, browser: Browser) -> Iterator[Page]:
    """Of the platform without tasks."""
    with visitors(browser, served.url) as by_name:
        yield by_name("ada", color_scheme="dark", bypass_csp=True, base_url=served.url)


def test_everything_that_is_hostile_is_shown(full: Full, as_served: Page) -> None:
    """Else the pages above would have been tried with nothing."""
    told = {
        "/reviews/{review}": 8,  # title, agent, proposal and its name, rationale, evidence and its name, comment
        "/tasks/{task}": 8,
        "/tasks/{rejected}": 5,
        "/agents/{agent}": 1,
        "/agents": 1,
        "/escalations": 2,
        "/training-jobs/{job}": 1,
        "/events/{event}": 1,
    }
    found = {}
    for path in told:
        as_served.goto(address(full, path))
        found[path] = as_served.inner_text("body").count("<img src=x onerror=")
    assert {path: number for path, number in told.items() if found[path] < number} == {}, found


def test_the_way_in_says_what_was_typed_and_nothing_more(full: Full, browser: Browser) -> None:
    found: list[str] = []
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme, bypass_csp=True)
        page = context.new_page()
        listen(page, found)
        page.goto(f"{full.served.url}/sign-in?next=/tasks")
        assert faults(page) == []
        page.fill("[name=username]", HOSTILE)
        page.fill("[name=password]", HOSTILE)
        page.click("button:has-text('Sign in')")
        assert page.get_by_role("alert").count() == 1
        assert page.input_value("[name=username]") == HOSTILE
        assert is_untouched(page)
        assert is_too_wide(page) == []
        assert faults(page) == []
        context.close()
    assert found == []


def test_what_is_not_for_somebody_is_a_page_as_any(full: Full, browser: Browser) -> None:
    with visitors(browser, full.served.url) as by_name:
        page = by_name("vera", bypass_csp=True)
        answer = page.goto(f"{full.served.url}/audits")
        assert answer is not None
        assert answer.status == 403
        assert is_too_wide(page) == []
        assert faults(page) == []


@pytest.mark.parametrize("name", ["400", "413", "500", "form"])
def test_what_went_wrong_is_a_page_as_any(full: Full, page: Page, name: str) -> None:
    """As it is drawn for an answer that no test can ask for."""
    drawn = render_to_string(f"errors/{name}.html")
    page.route("**/wrong", lambda route: route.fulfill(body=drawn, content_type="text/html"))
    page.goto(f"{full.served.url}/wrong")
    assert "To the start" in page.inner_text("main")
    assert is_too_wide(page) == []
    assert faults(page) == []
