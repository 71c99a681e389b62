"""Reviewers at their desks, in a browser: fast at the keyboard, and never surprised by each other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import APIResponse, Browser, Error, Page, Route, expect

from examples.digits.data import Digit, endless_digits
from tests.e2e.browsing import visitors
from tests.e2e.callers import Caller, signed_in
from tests.e2e.embedded import Running, prepare, running
from tests.e2e.processes import PASSWORD

ROLES = {"ada": "admin", "rita": "reviewer", "vera": "reviewer"}
LOOK_SECONDS, BETWEEN_KEYS = (
    0.7,
    90,
)  # as long as a digit takes to see; milliseconds of a steady hand
SECONDS_FOR_25 = 60
# A finger that slipped: the key comes again as soon as the next one is there, and before anybody has seen it.
HIT_TWICE = """() => {
  const open = () => document.querySelector("#open").dataset.open;
  const hit = () => document.dispatchEvent(new KeyboardEvent("keydown", { key: "a" }));
  const send = HTMLFormElement.prototype.requestSubmit;
  window.sent = 0;
  HTMLFormElement.prototype.requestSubmit = function () { window.sent += 1; send.apply(this); };
  for (const moment of ["htmx:afterSwap", "htmx:afterSettle"]) {
    let before = open();
    document.addEventListener(moment, () => {
      if (open() === before) return;
      before = open();
      hit();
      setTimeout(hit);
    });
  }
}"""
AT_ONCE, SEEN = 3_000, 400  # milliseconds

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("desk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTIC_PASSWORD", PASSWORD)
        patch.setenv("RATE_PER_MINUTE_PERSON", "0")
        prepare(data, **ROLES)
        with running(data, "serve") as platform:
            yield platform


@pytest.fixture(scope="module")
def agent(served: Running) -> Iterator[Caller]:
    """One that reads digits, and is asked to show all that it does."""
    boss = signed_in(served.url)
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
    """`sit_down(name)`: somebody at a desk of their own."""
    with visitors(browser, served.url) as visit:
        yield lambda name: visit(name, "/reviews")


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
    begun, days = time.monotonic(), []
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
        days.append(datetime.now(UTC).date())
        if left > 1:
            expect(page.locator("#open-title")).not_to_have_text(read, timeout=AT_ONCE)
            expect(page.locator("#open-title")).to_be_focused()
    waits_for_none(page)
    assert time.monotonic() - begun < SECONDS_FOR_25
    # All of them, unless midnight went by meanwhile.
    told = f"{days.count(datetime.now(UTC).date())} decided by you today"
    expect(page.locator("#progress")).to_contain_text(told)
    rows = agent.boss.get("/decisions/tasks", limit=50)["tasks"]  # type: ignore[attr-defined]
    assert {row["title"]: row["result"]["label"] for row in rows} == truth


def test_two_at_one_desk_are_told_of_each_other_and_lose_nothing_that_was_typed(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    bring(agent, *digits(2, seed=2))
    rita = sit_down("rita")
    expect(rita.locator("#standing")).to_contain_text("The others see")
    vera = sit_down("vera")
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


def test_what_was_decided_while_it_was_opened_is_told(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    """The answer is older than the news, and comes after them."""
    page = sit_down("rita")
    waits_for_none(page)
    bring(agent, *digits(2, seed=8))
    expect(page.locator(".row")).to_have_count(2, timeout=AT_ONCE)
    expect(page.locator(".row-link[aria-current]")).to_have_count(1, timeout=AT_ONCE)
    other = page.locator(".row-link:not([aria-current])")
    review = str(other.get_attribute("href")).partition("?")[0]
    held: list[tuple[Route, APIResponse]] = []
    page.route(
        lambda url: url.partition("?")[0].endswith(review),
        lambda route: held.append((route, route.fetch())),
        times=1,
    )
    other.click()
    wait_for(page, lambda: held)
    boss: Caller = agent.boss  # type: ignore[attr-defined]
    boss.said(f"/decisions/decision/{review.rpartition('/')[2]}/review", verdict="approve")
    expect(page.locator(".row")).to_have_count(1, timeout=AT_ONCE)  # the news have come
    ((route, answer),) = held
    route.fulfill(response=answer)
    expect(page.locator("#standing")).to_contain_text("ada approved this", timeout=AT_ONCE)
    expect(page.locator(".row")).to_have_count(1, timeout=AT_ONCE)


def holding(page: Page, address: str) -> list[Route]:
    """The next request there, which waits on its way."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(address, hold, times=1)
    return held


def wait_for(page: Page, done: Callable[[], object]) -> None:
    for _ in range(AT_ONCE // 20):
        if done():
            return
        page.wait_for_timeout(20)
    raise AssertionError("not in time")


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
    assert page.evaluate("window.sent") == 1
    expect(page.locator(".row")).to_have_count(1)
    page.keyboard.press("a")
    waits_for_none(page)


def test_who_was_slower_on_an_empty_desk_gets_the_next_one(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    """Both are offered the same, and one of them has it."""
    rita, vera = sit_down("rita"), sit_down("vera")
    for page in (rita, vera):
        waits_for_none(page)
    held = holding(vera, "**/reserve")
    first, second = digits(2, seed=11)
    bring(agent, first)
    wait_for(vera, lambda: held)
    expect(rita.locator("#standing")).to_contain_text("The others see")
    held[0].continue_()
    expect(vera.locator("#open-title")).to_contain_text("Others look at all")
    bring(agent, second)
    expect(vera.locator("#open-title")).to_contain_text(f"{second.index}")
    expect(vera.locator("#standing")).to_contain_text("The others see")
    assert str(first.index) in title(rita)


def test_what_was_typed_into_is_not_taken_away_because_somebody_else_was_faster(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    rita, vera = sit_down("rita"), sit_down("vera")
    for page in (rita, vera):
        waits_for_none(page)
    held = holding(vera, "**/reserve")
    bring(agent, *digits(1, seed=12))
    wait_for(vera, lambda: held)
    expect(rita.locator("#standing")).to_contain_text("The others see")
    vera.fill("#comment-text", "half a thought")
    held[0].continue_()
    expect(vera.locator("#standing")).to_contain_text("rita looks at this")
    vera.wait_for_timeout(SEEN)
    expect(vera.locator("#comment-text")).to_have_value("half a thought")


def test_who_loads_the_page_anew_still_has_what_they_looked_at(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    bring(agent, *digits(2, seed=13))
    rita = sit_down("rita")
    expect(rita.locator("#standing")).to_contain_text("The others see")
    first = title(rita)
    with rita.expect_response("**/reserve"):
        rita.reload()
    assert title(rita) == first
    vera = sit_down("vera")
    assert title(vera) != first
    expect(vera.locator(".row", has_text=first)).to_contain_text("rita looks at it")


def test_who_clicks_a_row_gets_it_though_another_one_opens_by_itself(
    agent: Caller, sit_down: Callable[[str], Page]
) -> None:
    page = sit_down("rita")
    waits_for_none(page)
    held = holding(page, "**/reviews")
    bring(agent, *digits(2, seed=9))
    expect(page.locator(".row")).to_have_count(2, timeout=AT_ONCE)
    wait_for(page, lambda: held)
    wanted = page.locator(".row-title").nth(1).inner_text()
    page.locator(".row-link").nth(1).click()
    expect(page.locator("#open-title")).to_have_text(wanted, timeout=AT_ONCE)
    with suppress(Error):  # nobody waits for it any more
        held[0].continue_()
    page.wait_for_timeout(SEEN)
    expect(page.locator("#open-title")).to_have_text(wanted)


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
