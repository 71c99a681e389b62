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
Visit = Callable[..., Page]


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

    def visit(name: str, path: str = "/dashboard", **how: Any) -> Page:
        opened.append(context := browser.new_context(**{"viewport": WIDE, **how}))
        page = context.new_page()
        listen(page, complaints)
        page.goto(f"{base}/sign-in?next={path}")
        page.fill("[name=username]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("button:has-text('Sign in')")
        page.wait_for_url(f"{base}{path}**")
        return page

    yield visit
    for context in opened:
        context.close()
    assert complaints == []


WIDE: Any = {"width": 1280, "height": 900}


def listen(page: Page, complaints: list[str]) -> None:
    """On the console, of scripts that failed, and of files that did not come."""

    def heard(said: ConsoleMessage) -> None:
        if said.type in {"error", "warning"} and not is_refusal(said):
            complaints.append(f"{page.url}: {said.text}")

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))


def is_refusal(said: ConsoleMessage) -> bool:
    """A refusal is answered with its status, which the browser calls an error."""
    return "status of 409" in said.text
