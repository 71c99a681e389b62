"""At the desk nothing is lost by the way: neither one of two lots, nor the sign-in's end, nor a button's place."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs

import pytest
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page, Request, Route, expect

from tests.e2e.browsing import sign_in
from tests.e2e.callers import Caller, signed_in
from tests.e2e.embedded import Running, prepare, running
from tests.e2e.processes import PASSWORD

ROLES = {"ada": "admin", "rita": "reviewer"}
SOON, SEEN = 8_000, 400  # milliseconds
# The five seconds of a lot last until they are let go: this machine may be slower than they are.
FIVE_SECONDS = """() => {
  const after = window.setTimeout;
  const over = new Promise((letGo) => { window.letGo = letGo; });
  window.setTimeout = (call, pause, ...more) => pause === 5_000 ? over.then(call) : after(call, pause, ...more);
}"""

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    data = tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTIC_PASSWORD", PASSWORD)
        patch.setenv("RATE_PER_MINUTE_PERSON", "0")
        prepare(data, **ROLES)
        with running(data, "serve") as platform:
            yield platform


@pytest.fixture(scope="module")
def boss(served: Running) -> Iterator[Caller]:
    caller = signed_in(served.url)
    yield caller
    caller.http.close()


@pytest.fixture(scope="module")
def bring(served: Running, boss: Caller) -> Iterator[Callable[[int], None]]:
    """`bring(3)`: so many results more wait for a person."""
    made = boss.said("/admin/agents", name="reader", max_concurrent_tasks=50)
    key = boss.said(f"/admin/agents/{made['id']}/keys")["key"]
    agent = Caller(served.url, key, name="reader", agent_id=made["id"])
    agent.said("/worker/register")

    def bring_some(number: int) -> None:
        for _ in range(number):
            boss.said("/decisions/task", title="read it")
            (task,) = agent.said("/worker/claim", wait_seconds=0)["tasks"]
            path, token = f"/worker/tasks/{task['id']}", {"lease_token": task["lease_token"]}
            agent.said(f"{path}/ack", start=True, **token)
            agent.said(f"{path}/complete", result={"label": 1}, confidence=0.1, **token)

    yield bring_some
    agent.http.close()


@pytest.fixture
def desk(
    served: Running, browser: Browser, bring: Callable[[int], None]
) -> Iterator[Callable[[int], Page]]:
    opened: list[BrowserContext] = []

    def sit_down(number: int) -> Page:
        bring(number)
        opened.append(context := browser.new_context(viewport={"width": 1280, "height": 900}))
        page = context.new_page()
        page.add_init_script(f"({FIVE_SECONDS})()")
        sign_in(page, served.url, "rita", "/reviews")
        page.wait_for_selector("#acts")
        return page

    yield sit_down
    for context in opened:
        context.close()


def pick(page: Page, place: int) -> None:
    page.locator("#queue [name=selected]").nth(place).click()
    page.click("#several button:has-text('Approve')")


def test_two_lots_within_a_moment_wait_side_by_side_and_both_are_done(
    desk: Callable[[int], Page],
) -> None:
    page = desk(3)
    rows = page.locator("#queue .row")
    before = rows.count()
    pick(page, 0)
    expect(page.locator(".several-waiting")).to_have_count(1)
    expect(page.locator("#picked-number")).to_have_text("")
    pick(page, 1)
    expect(page.locator(".several-waiting")).to_have_count(2)
    page.evaluate("letGo()")
    expect(page.locator(".outcomes li")).to_have_count(2, timeout=SOON)
    expect(page.locator(".outcomes .wrong")).to_have_count(0)
    expect(rows).to_have_count(before - 2, timeout=SOON)


def told_seconds(request: Request) -> float:
    (told,) = parse_qs(request.post_data or "")["seconds_spent"]
    return float(told)


def test_the_time_for_several_is_all_that_was_looked_at_since_the_last_verdict(
    desk: Callable[[int], Page],
) -> None:
    page = desk(3)
    page.keyboard.press("x")
    page.wait_for_timeout(1_500)
    first = page.get_attribute("#open", "data-open") or ""
    page.keyboard.press("j")
    expect(page.locator("#open")).not_to_have_attribute("data-open", first)
    page.wait_for_timeout(1_500)
    with page.expect_request("**/reviews/several*") as asked:
        page.click("#several button:has-text('Approve')")
    assert 3.0 <= told_seconds(asked.value) < 30
    expect(page.locator(".several-waiting")).to_have_count(1)
    with page.expect_request("**/several/decide*") as decided:
        page.evaluate("letGo()")
    assert told_seconds(decided.value) == told_seconds(asked.value)


def test_what_was_told_for_several_is_told_for_no_other(desk: Callable[[int], Page]) -> None:
    page = desk(3)
    page.wait_for_timeout(3_000)
    pick(page, 2)
    expect(page.locator(".several-waiting")).to_have_count(1)
    page.wait_for_timeout(SEEN)
    with page.expect_request("**/decide*") as one:
        page.keyboard.press("a")
    assert told_seconds(one.value) < 3.0


def test_what_is_undone_has_taken_its_time_all_the_same(desk: Callable[[int], Page]) -> None:
    page = desk(3)
    page.wait_for_timeout(2_000)
    pick(page, 2)
    page.click(".undo")
    with page.expect_request("**/reviews/several*") as again:
        page.click("#several button:has-text('Approve')")
    assert told_seconds(again.value) >= 2.0


def test_what_waits_in_a_lot_is_in_no_other(desk: Callable[[int], Page]) -> None:
    page = desk(2)
    boxes = page.locator("#queue [name=selected]")
    pick(page, 0)
    expect(boxes.nth(0)).to_be_disabled()
    page.check("#pick-all")
    expect(boxes.nth(0)).not_to_be_checked()
    expect(boxes.nth(1)).to_be_checked()
    page.click(".undo")
    expect(boxes.nth(0)).to_be_checked()
    expect(boxes.nth(0)).to_be_enabled()


def test_undo_takes_the_newest_lot_alone_and_picks_it_again(desk: Callable[[int], Page]) -> None:
    page = desk(3)
    rows = page.locator("#queue .row")
    before = rows.count()
    pick(page, 0)
    expect(page.locator(".several-waiting")).to_have_count(1)
    pick(page, 1)
    expect(page.locator(".several-waiting")).to_have_count(2)
    page.locator("h1").click()
    page.keyboard.press("u")
    expect(page.locator(".several-waiting")).to_have_count(1)
    expect(page.locator("#picked-number")).to_have_text("1 picked")
    page.evaluate("letGo()")
    expect(page.locator(".outcomes li")).to_have_count(1, timeout=SOON)
    expect(rows).to_have_count(before - 1, timeout=SOON)


def test_a_lot_that_is_on_its_way_cannot_be_undone(desk: Callable[[int], Page]) -> None:
    page = desk(2)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/several/decide*", hold)
    pick(page, 0)
    expect(page.locator(".undo")).to_be_visible()
    with page.expect_request("**/several/decide*"):
        page.evaluate("letGo()")
    expect(page.locator(".undo")).to_be_hidden()
    page.locator("h1").click()
    page.keyboard.press("u")
    page.evaluate("document.querySelector('.undo').click()")
    expect(page.locator(".several-waiting")).to_have_count(1)
    expect(page.locator("#picked-number")).to_have_text("")
    held[0].continue_()
    expect(page.locator(".outcomes li")).to_have_count(1, timeout=SOON)


def test_what_is_typed_is_there_again_when_one_comes_back_to_it(
    desk: Callable[[int], Page],
) -> None:
    page = desk(2)
    first = open_one(page)
    page.fill("#comment-text", "half a thought")
    page.click("#act-edit > summary")
    page.fill("#edit-value-0", "17")
    for leave in (look_at_another, put_back, Page.reload, look_again):
        leave(page)
        look_again(page, first)
        expect(page.locator("#comment-text")).to_have_value("half a thought")
        expect(page.locator("#edit-value-0")).to_have_value("17")
    expect(page.locator("#act-edit .line-new")).to_contain_text("17")


def test_a_comment_that_was_sent_is_not_there_again(desk: Callable[[int], Page]) -> None:
    page = desk(1)
    page.fill("#comment-text", "a whole thought")
    page.click("#comment-send")
    expect(page.locator(".comment")).to_contain_text("a whole thought", timeout=SOON)
    look_again(page)
    expect(page.locator("#comment-text")).to_have_value("")


def open_one(page: Page) -> str:
    return str(page.locator("#open").get_attribute("data-open"))


def look_again(page: Page, wanted: str = "") -> None:
    """By a click on its row, also where it is open already."""
    wanted = wanted or open_one(page)
    with page.expect_response(re.compile(wanted)):
        page.click(f"#row-{wanted} .row-link")
    expect(page.locator("#open")).to_have_attribute("data-open", wanted)
    expect(page.locator("#open-title")).to_be_focused()


def look_at_another(page: Page) -> None:
    before = open_one(page)
    page.locator(f".row:not(#row-{before}) .row-link").first.click()
    expect(page.locator("#open")).not_to_have_attribute("data-open", before)
    expect(page.locator("#comment-text")).to_have_value("")


def put_back(page: Page) -> None:
    page.locator("h1").click()
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("#open-title")).to_contain_text("Nothing lies open")


def test_nobody_finds_in_the_same_window_what_somebody_else_typed(
    desk: Callable[[int], Page], served: Running
) -> None:
    page = desk(1)
    page.fill("#comment-text", "mine alone")
    review = f"/reviews/{open_one(page)}"
    page.context.clear_cookies()
    sign_in(page, served.url, "ada", review)
    expect(page.locator("#comment-text")).to_have_value("")


@pytest.mark.parametrize("by", ["key", "button"])
def test_nothing_is_approved_beside_what_is_typed_and_not_sent(
    desk: Callable[[int], Page], by: str
) -> None:
    page = desk(1)
    before = open_one(page)
    page.keyboard.press("e")
    page.fill("#edit-value-0", "17")
    page.keyboard.press("Escape")
    expect(page.locator("#act-edit[open]")).to_have_count(0)
    approve(page, by)
    expect(page.locator("#edit-value-0")).to_be_focused()
    expect(page.locator("#toasts")).to_contain_text("This is not sent")
    page.fill("#edit-value-0", "1")
    page.fill("#comment-text", "half a thought")
    approve(page, by)
    expect(page.locator("#comment-text")).to_be_focused()
    page.fill("#comment-text", "")
    assert open_one(page) == before
    approve(page, by)
    expect(page.locator("#open")).not_to_have_attribute("data-open", before, timeout=SOON)


def approve(page: Page, by: str) -> None:
    page.locator("h1").click()
    page.wait_for_timeout(SEEN)
    if by == "key":
        page.keyboard.press("a")
    else:
        page.click("#act-approve button")


def test_what_is_typed_after_somebody_else_decided_can_be_taken_along(
    desk: Callable[[int], Page], boss: Caller
) -> None:
    page = desk(1)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.keyboard.press("r")
    boss.said(f"/decisions/decision/{open_one(page)}/review", verdict="approve")
    expect(page.locator("#standing")).to_contain_text("ada approved this", timeout=SOON)
    expect(page.locator("[data-keep=copy]")).to_be_hidden()
    page.fill("#reject-reason", "the lower half is missing")
    expect(page.locator(".kept")).to_be_visible()
    page.click("[data-keep=copy]")
    expect(page.locator("#toasts")).to_contain_text("is in the clipboard")
    assert page.evaluate("navigator.clipboard.readText()") == "the lower half is missing"


def test_where_the_browser_has_no_clipboard_nothing_offers_it(
    desk: Callable[[int], Page], boss: Caller
) -> None:
    page = desk(1)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.keyboard.press("r")
    page.fill("#reject-reason", "the lower half is missing")
    boss.said(f"/decisions/decision/{open_one(page)}/review", verdict="approve")
    expect(page.locator("[data-keep=comment]")).to_be_visible(timeout=SOON)
    expect(page.locator("[data-keep=copy]")).to_be_hidden()


def test_a_button_that_is_opened_stays_where_it_was(desk: Callable[[int], Page]) -> None:
    page = desk(1)
    before = page.locator("#act-edit > summary").bounding_box()
    reject = page.locator("#act-reject > summary").bounding_box()
    page.click("#act-edit > summary")
    form = page.locator("#act-edit form.stacked").first.bounding_box()
    after = page.locator("#act-edit > summary").bounding_box()
    assert before
    assert after
    assert reject
    assert form
    assert (after["x"], after["width"]) == (before["x"], before["width"])
    beside = page.locator("#act-reject > summary").bounding_box()
    assert beside
    assert (beside["x"], beside["y"]) == (reject["x"], after["y"])
    assert form["y"] >= after["y"] + after["height"]


def test_who_signs_in_again_elsewhere_sends_what_they_had_typed(
    desk: Callable[[int], Page], served: Running
) -> None:
    page = desk(1)
    page.fill("#comment-text", "typed before the end")
    page.context.clear_cookies(name="sessionid")
    page.click("form:has(#comment-text) button[type=submit]")
    banner = page.locator("#signed-out")
    expect(banner).to_be_visible(timeout=SOON)
    expect(page.locator("#comment-text")).to_have_value("typed before the end")
    with page.context.expect_page() as opened:
        banner.get_by_role("link", name="sign in in another tab").click()
    other = opened.value
    other.fill("[name=username]", "rita")
    other.fill("[name=password]", PASSWORD)
    other.click("button:has-text('Sign in')")
    other.wait_for_url("**/dashboard")
    other.close()
    page.bring_to_front()
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    expect(banner).to_be_hidden(timeout=SOON)
    page.click("form:has(#comment-text) button[type=submit]")
    expect(page.locator("#comments")).to_contain_text("typed before the end", timeout=SOON)
