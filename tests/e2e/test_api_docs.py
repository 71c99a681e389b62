"""The page of all calls, in a browser that reaches no other host."""

from __future__ import annotations

from typing import Any

from tests.e2e.browsing import chromium


def test_the_page_shows_every_call_and_asks_nobody_else(live_server: Any) -> None:
    asked: list[str] = []
    # No longer than it takes: beside it nothing in this process can use the database.
    with chromium() as browser:
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{live_server.url}/api/docs")
        page.wait_for_selector(".opblock")
        calls = page.locator(".opblock").count()
        page.click("#operations-decisions-decisions_task_post .opblock-summary-control")
        shown = page.inner_text("#operations-decisions-decisions_task_post")
    assert calls > 40
    assert "Who may: admin, agent_manager." in shown
    assert "Read meter 4711" in shown
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
