"""Pages in a real browser: nothing on them is refused by our own content security policy."""

from __future__ import annotations

import pytest
from django.conf import settings
from playwright.sync_api import Page

from tests.e2e.browsing import complaints, sign_in
from tests.e2e.embedded import Running

# Each table's list, and what opens from it.
TABLES = "#content-main a[href^='/admin/']:not([href$='/add/'])"
ADDS = "#content-main a[href$='/add/']"
FIRST_ROW = "#result_list tbody th a"

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


def addresses(page: Page, selector: str) -> list[str]:
    found: list[str] = page.eval_on_selector_all(selector, "links => links.map(link => link.href)")
    return list(dict.fromkeys(found))


def test_no_page_of_the_admin_site_breaks_the_policy(served: Running, page: Page) -> None:
    found = complaints(page)
    sign_in(page, served.url, "ada", "/admin/")
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
