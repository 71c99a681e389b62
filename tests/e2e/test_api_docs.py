"""The page of all calls, in a browser that reaches no other host."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

CHROMIUM = shutil.which("chromium")


def test_the_page_shows_every_call_and_asks_nobody_else(live_server: Any) -> None:
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("there is no chromium")
        pytest.skip("there is no chromium")
    asked: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{live_server.url}/api/docs")
        page.wait_for_selector(".opblock")
        calls = page.locator(".opblock").count()
        page.click("#operations-decisions-decisions_task_post .opblock-summary-control")
        shown = page.inner_text("#operations-decisions-decisions_task_post")
        browser.close()
    assert calls > 40
    assert "Who may: admin, agent_manager." in shown
    assert "Read meter 4711" in shown
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
