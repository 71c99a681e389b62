"""Reviewers at their desks, in a browser: fast at the keyboard, and never surprised by each other."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect, sync_playwright

from examples.digits.data import Digit, endless_digits
from tests.e2e.conftest import Caller
from tests.e2e.embedded import Running, manage, running
from tests.e2e.processes import PASSWORD

CHROMIUM = shutil.which("chromium")
ROLES = {"ada": "admin", "rita": "reviewer", "vera": "reviewer"}
LOOK_SECONDS, BETWEEN_KEYS = (
    0.7,
    90,
)  # as long as a digit takes to see; milliseconds of a steady hand
SECONDS_FOR_25 = 60
# A finger that slipped: the key comes again as soon as the next one is there, and before anybody has seen it.
HIT_TWICE = """() => {
  const open = () => document.querySelector("#open").dataset.open;
  let before = open();
  document.addEventListener("htmx:afterSettle", () => {
    if (open() === before) return;
    before = open();
    document.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }));
  });
}"""
AT_ONCE, SEEN = 3_000, 400  # milliseconds

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTIC_PASSWORD", PASSWORD)
        patch.setenv("RATE_PER_MINUTE_PERSON", "0")
        assert manage(data, "migrate", "-v", "0").returncode == 0
        for name, role in ROLES.items():
            assert manage(data, "create_user", name, "--role", role).returncode == 0
        with running(data, "serve") as platform:
            yield platform


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("there is no chromium")
        pytest.skip("there is no chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def agent(served: Running) -> Iterator[Caller]:
    """One that reads digits, and is asked to show all that it does."""
    said = {"username": "ada", "password": PASSWORD}
    with httpx.Client(base_url=f"{served.url}/api/v1") as http:
        boss = Caller(served.url, http.post("/auth/token", json=said).json()["access_token"])
    made = boss.said("/admin/agents", name="reader", max_concurrent_tasks=50)
    key = boss.said(f"/admin/agents/{made['id']}/keys")["key"]
    caller = Caller(served.url, key, name="reader", agent_id=made["id"])
    caller.boss = boss  # type: ignore[attr-defined] # who gives it work
    caller.said("/worker/register")
    yield caller
    boss.http.close()
    caller.http.close()


@pytest.fixture(autouse=True)
def nothing_left(agent: Caller) -> Iterator[None]:
    yield
    boss: Caller = agent.boss  # type: ignore[attr-defined]
    left = boss.get("/decisions/reviews")["reviews"]
    if left:
        approved = [{"decision_id": row["id"], "verdict": "approve"} for row in left]
        boss.said("/decisions/reviews", reviews=approved)


@pytest.fixture
def sit_down(served: Running, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """`sit_down(name)`: somebody at a desk of their own; what the browser complains of fails the test."""
    opened, complaints = [], []

    def sit(name: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if is_fault(said) else None)
        page.goto(f"{served.url}/sign-in?next=/reviews")
        page.fill("[name=username]", name)
        page.fill("[name=password]", PASSWORD)
        page.click("button:has-text('Sign in')")
        expect(page.locator("h1")).to_have_text("Review")
        return page

    yield sit
    for context in opened:
        context.close()
    assert complaints == []


def is_fault(said: Any) -> bool:
    """A refusal is answered with its status, which the browser calls an error."""
    return said.type == "error" and "status of 409" not in said.text


def bring(agent: Caller, *digits: Digit, wrong: int = 0, **said: Any) -> None:
    """Results that wait for a person; of `wrong` the label is one too high."""
    for place, digit in enumerate(digits):
        title = f"Which digit is image {digit.index}?"
        payload = {"image": digit.image, "index": digit.index}
        agent.boss.said("/decisions/task", title=title, payload=payload, **said)  # type: ignore[attr-defined]
        (task,) = agent.said("/worker/claim", wait_seconds=0)["tasks"]
        path, token = f"/worker/tasks/{task['id']}", {"lease_token": task["lease_token"]}
        agent.said(f"{path}/ack", start=True, **token)
        label = (digit.label + (place < wrong)) % 10
        confidence = 0.3 + place / 100
        agent.said(
            f"{path}/complete",
            result={"label": label},
            confidence=confidence,
            rationale="strokes",
            **token,
        )


def digits(number: int, seed: int) -> list[Digit]:
    return list(islice(endless_digits(seed), number))


def title(page: Page) -> str:
    return page.locator("#open-title").inner_text().strip()


def waits_for_none(page: Page) -> None:
    expect(page.locator("#open-title")).to_contain_text("Nothing waits", timeout=AT_ONCE)


def test_25_digits_take_less_than_a_minute_at_the_keyboard(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    asked = digits(25, seed=1)
    truth = {f"Which digit is image {digit.index}?": digit.label for digit in asked}
    bring(agent, *asked, wrong=8)
    page = sit_down("rita")
    page.wait_for_selector("#acts")
    begun = time.monotonic()
    for left in range(25, 0, -1):
        read = title(page)
        assert page.locator(".drawn svg path").count() > 0
        shown = page.locator(".proposal .value").inner_text()
        time.sleep(LOOK_SECONDS)
        if int(shown) == truth[read]:
            page.keyboard.press("a")
        else:
            page.keyboard.press("e")
            page.wait_for_timeout(BETWEEN_KEYS)
            page.keyboard.type(str(truth[read]))
            page.wait_for_timeout(BETWEEN_KEYS)
            page.keyboard.press("Enter")
        if left > 1:
            expect(page.locator("#open-title")).not_to_have_text(read, timeout=AT_ONCE)
            expect(page.locator("#open-title")).to_be_focused()
    waits_for_none(page)
    assert time.monotonic() - begun < SECONDS_FOR_25
    expect(page.locator("#progress")).to_contain_text("25 decided by you today")
    rows = agent.boss.get("/decisions/tasks", limit=50)["tasks"]  # type: ignore[attr-defined]
    assert {row["title"]: row["result"]["label"] for row in rows} == truth


def test_two_at_one_desk_are_told_of_each_other_and_lose_nothing_that_was_typed(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    bring(agent, *digits(2, seed=2))
    rita, vera = sit_down("rita"), sit_down("vera")
    expect(rita.locator("#standing")).to_contain_text("The others see")
    first, other = title(rita), title(vera)
    assert first != other, "the second one gets what the first does not look at"
    expect(vera.locator(".row", has_text=first)).to_contain_text(
        "rita looks at it", timeout=AT_ONCE
    )

    vera.locator(".row-link", has_text=first).click()
    expect(vera.locator("#standing")).to_contain_text("rita looks at this at the moment")
    rita.keyboard.press("r")
    rita.keyboard.press("2")
    rita.keyboard.type("the lower half of a")
    vera.wait_for_timeout(SEEN)
    vera.keyboard.press("a")
    expect(rita.locator("#standing")).to_contain_text("vera approved this", timeout=AT_ONCE)
    rita.keyboard.type(" digit is missing")
    expect(rita.locator("#reject-reason")).to_have_value("the lower half of a digit is missing")
    expect(rita.locator("#reject-reason")).to_be_focused()
    expect(rita.locator("#act-reject button")).to_be_disabled()

    rita.click("text=Put it into a comment")
    expect(rita.locator("#comment-text")).to_have_value("the lower half of a digit is missing")
    rita.click("#comment-send")
    expect(rita.locator(".comment")).to_contain_text("the lower half of a digit is missing")
    vera.wait_for_timeout(SEEN)
    vera.keyboard.press("a")
    waits_for_none(vera)
    expect(rita.locator("#queue")).to_contain_text("Nothing waits", timeout=AT_ONCE)


def test_a_key_approves_nothing_beside_an_edit_that_is_not_sent(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    bring(agent, *digits(1, seed=7))
    page = sit_down("rita")
    page.wait_for_selector("#acts")
    before = title(page)
    page.keyboard.press("e")
    page.wait_for_timeout(BETWEEN_KEYS)
    page.keyboard.type("17")
    page.locator("h1").click()
    page.wait_for_timeout(SEEN)
    page.keyboard.press("a")
    expect(page.locator("#edit-value-0")).to_be_focused()
    expect(page.locator("#edit-value-0")).to_have_value("17")
    page.wait_for_timeout(SEEN)
    assert title(page) == before


def test_what_comes_while_nothing_waits_opens_by_itself(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    page = sit_down("rita")
    waits_for_none(page)
    first, second = digits(2, seed=3)
    bring(agent, first)
    expect(page.locator("#open-title")).to_contain_text(f"{first.index}", timeout=AT_ONCE)
    assert page.url.count("/reviews/") == 1
    bring(agent, second)
    expect(page.locator(".row")).to_have_count(2, timeout=AT_ONCE)
    page.wait_for_timeout(SEEN)
    page.evaluate(HIT_TWICE)
    page.keyboard.press("a")
    expect(page.locator("#open-title")).to_contain_text(f"{second.index}")
    page.wait_for_timeout(SEEN)
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("a")
    waits_for_none(page)


def test_several_are_picked_undone_and_done(agent: Caller, sit_down: Callable[[str], Page]) -> None:
    bring(agent, *digits(4, seed=4))
    page = sit_down("rita")
    page.wait_for_selector("#acts")
    page.keyboard.press("x")
    page.keyboard.press("j")
    expect(page.locator(".row-link[aria-current]")).to_have_count(1)
    page.locator("[name=selected]").nth(2).click(modifiers=["Shift"])
    page.locator("[name=selected]").nth(1).click()
    expect(page.locator("#picked-number")).to_have_text("2 picked")
    bring(agent, *digits(1, seed=5))  # the queue is fetched anew, and what is picked stays so
    expect(page.locator(".row")).to_have_count(5, timeout=AT_ONCE)
    expect(page.locator("#picked-number")).to_have_text("2 picked")

    page.click("#several button:has-text('Approve')")
    expect(page.locator("#bulk")).to_contain_text("Nothing is decided until then")
    page.locator("h1").click()
    page.keyboard.press("u")
    expect(page.locator("#bulk")).to_have_text("")
    page.wait_for_timeout(5_500)
    expect(page.locator(".row")).to_have_count(5)

    page.check("#pick-all")
    page.click("#several button:has-text('Approve')")
    expect(page.locator(".outcomes li")).to_have_count(5, timeout=8_000)
    expect(page.locator("#queue")).to_contain_text("Nothing waits")
    expect(page.locator("#standing")).to_contain_text("You approved this", timeout=AT_ONCE)


def test_keys_do_nothing_while_somebody_types_and_can_be_switched_off(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    bring(agent, *digits(2, seed=6))
    page = sit_down("rita")
    page.wait_for_selector("#acts")
    before = title(page)
    page.fill("#comment-text", "")
    page.locator("#comment-text").press_sequentially("a jar x r?", delay=10)
    page.keyboard.press("Escape")
    assert title(page) == before
    expect(page.locator("#comment-text")).to_have_value("a jar x r?")

    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.uncheck("#keys-on")
    page.click("#keys button")
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    assert title(page) == before
    page.keyboard.press("Escape")
    expect(page.locator("#open-title")).to_have_text("Nothing lies open.")
    page.keyboard.press("a")
    expect(page.locator(".row")).to_have_count(2)
