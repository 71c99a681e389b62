"""Pages in a real browser: nothing on them is refused by our own content security policy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from django.conf import settings
from playwright.sync_api import ConsoleMessage, Page, sync_playwright

from tests.e2e.embedded import Running
from tests.e2e.processes import PASSWORD

CHROMIUM = shutil.which("chromium")
# Each table's list, and what opens from it.
TABLES = "#content-main a[href^='/admin/']:not([href$='/add/'])"
ADDS = "#content-main a[href$='/add/']"
FIRST_ROW = "#result_list tbody th a"

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


@pytest.fixture
def page() -> Iterator[Page]:
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("there is no chromium")
        pytest.skip("there is no chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def complaints(page: Page) -> list[str]:
    """What the browser says from now on: on the console, of scripts that failed, of files that did not come."""
    found: list[str] = []

    def heard(said: ConsoleMessage) -> None:
        # The browser's own idea, where a page names no icon.
        own_idea = said.location["url"].endswith("/favicon.ico")
        if said.type in {"error", "warning"} and not own_idea:
            found.append(f"{page.url}: {said.text}")

    page.on("console", heard)
    page.on("pageerror", lambda error: found.append(f"{page.url}: {error}"))
    page.on("requestfailed", lambda request: found.append(f"did not come: {request.url}"))
    return found


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/sign-in?next=/admin/")
    page.fill("[name=username]", "ada")
    page.fill("[name=password]", PASSWORD)
    page.click("button:has-text('Sign in')")
    page.wait_for_url(f"{url}/admin/")


def addresses(page: Page, selector: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(selector, "links => links.map(link => link.href)")
    return list(dict.fromkeys(found))


def test_no_page_of_the_admin_site_breaks_the_policy(served: Running, page: Page) -> None:
    found = complaints(page)
    sign_in(page, served.url)
    lists, adds = addresses(page, TABLES), addresses(page, ADDS)
    assert len(lists) > 12
    for address in lists:
        page.goto(address)
        for row in addresses(page, FIRST_ROW)[:1]:
            page.goto(row)
    for address in adds:
        page.goto(address)
    assert found == []


def test_nor_does_any_page_of_ours(served: Running, page: Page) -> None:
    found = complaints(page)
    for address in ("/", "/sign-in", "/api/docs"):
        page.goto(f"{served.url}{address}")
        page.wait_for_load_state("networkidle")
    assert found == []


def test_what_the_policy_forbids_is_refused(served: Running, page: Page) -> None:
    found = complaints(page)
    page.goto(f"{served.url}/")
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">x</p>')")
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    assert page.evaluate("window.ran") is None
    assert all("Content Security Policy" in text for text in found)
    assert len(found) == 2
