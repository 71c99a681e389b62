"""People at browsers: each in a window of their own, with what the browser complained of."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.e2e.processes import PASSWORD

CHROMIUM = shutil.which("chromium")
WIDE: Any = {"width": 1280, "height": 900}
Visit = Callable[..., Page]
# What did not come at all is told as htmx:sendError, too.
GAVE_WAY = ("htmx:sendAbort", "htmx:afterRequest")


@contextmanager
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("there is no chromium")
        pytest.skip("there is no chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def visitors(browser: Browser, base: str) -> Iterator[Visit]:
    """`visit(name, path)`: somebody who has signed in. What a browser complains of fails the test at its end."""
    opened: list[Any] = []
    complaints: list[str] = []

    def visit(name: str, path: str = "/dashboard", password: str = PASSWORD, **how: Any) -> Page:
        opened.append(context := browser.new_context(**{"viewport": WIDE, **how}))
        page = context.new_page()
        listen(page, complaints)
        sign_in(page, base, name, path, password=password)
        return page

    yield visit
    for context in opened:
        context.close()
    assert not complaints, complaints


def sign_in(
    page: Page, base: str, name: str, path: str = "/dashboard", *, password: str = PASSWORD
) -> None:
    """By the page for it, and on to `path`."""
    page.goto(f"{base}/sign-in?next={path}")
    page.fill("[name=username]", name)
    page.fill("[name=password]", password)
    page.click("button:has-text('Sign in')")
    page.wait_for_url(f"{base}{path}**")


def complaints(page: Page) -> list[str]:
    """What the browser says from now on, and which files did not come."""
    found: list[str] = []
    listen(page, found)
    page.on("requestfailed", lambda request: found.append(f"did not come: {request.url}"))
    return found


def listen(page: Page, complaints: list[str]) -> None:
    """On the console, and of scripts that failed."""

    def heard(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"} and not is_expected(said, page):
            complaints.append(f"{page.url}: {said.text}")

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))


def is_expected(said: ConsoleMessage, page: Page) -> bool:
    """A refusal is answered with its status, which the browser calls an error: of what was asked for beside the page a
    409 alone. What was asked for and gave way to a later wish is an error to htmx alone. And where a page names no
    icon, the browser asks for one by an idea of its own."""
    address = said.location["url"]
    if said.text.startswith(GAVE_WAY):
        return True
    is_page = "status of" in said.text and address == page.url
    return is_page or "status of 409" in said.text or address.endswith("/favicon.ico")
