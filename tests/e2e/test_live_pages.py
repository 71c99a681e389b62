"""What a page does by itself, in a real browser: it stays true, and it leaves alone what somebody does on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import count

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.e2e.browsing import complaints, sign_in
from tests.e2e.callers import Caller, signed_in
from tests.e2e.embedded import Running

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")

SHOW = "html => { const main = document.querySelector('main'); main.innerHTML = html; htmx.process(main); }"
PART = """<section id="part" hx-get="/part" hx-trigger="stale" hx-swap="morph" data-live="tasks">
  <p id="drawn">{0}</p>
  <input id="typed" aria-label="typed" value="old">
  <textarea id="focused" aria-label="focused">old</textarea>
  <input id="untouched" aria-label="untouched" value="{0}">
  <input id="ticked" aria-label="ticked" type="checkbox">
  <select id="chosen" aria-label="chosen"><option>one</option><option>two</option></select>
  <details id="opened"><summary>More</summary>{0}</details>
</section>"""


part = PART.format


FORM = '<form hx-post="/part" hx-swap="none"><button id="send">Send</button></form>'
COME_BACK = "() => { window.dispatchEvent(new Event('focus')); }"
TWICE = "() => { const send = document.getElementById('send'); send.click(); send.click(); }"


class Socket:
    """What lies between the page and the server. A connection that was silent once stays so."""

    def __init__(self) -> None:
        self.silent = self.away = False
        self.open: list[WebSocketRoute] = []
        self.dead: list[WebSocketRoute] = []

    def stand_before(self, page: Page) -> None:
        page.clock.install()
        page.route_web_socket(re.compile("/oversight/live"), self.connect)

    def connect(self, ours: WebSocketRoute) -> None:
        if self.away:
            ours.close(code=1012)
            return
        ours.connect_to_server().on_message(partial(self.pass_on, ours))
        self.open.append(ours)

    def pass_on(self, ours: WebSocketRoute, frame: str | bytes) -> None:
        if self.silent:
            self.dead.append(ours)
        if ours not in self.dead:
            ours.send(frame)


@pytest.fixture
def boss(served: Running) -> Iterator[Caller]:
    caller = signed_in(served.url)
    yield caller
    caller.http.close()


@pytest.fixture
def enter(served: Running, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """`enter("rita")`: on the dashboard, in a browser of her own."""
    with ExitStack() as stack:

        def come_in(name: str, prepare: Callable[[Page], object] = lambda page: None) -> Page:
            context = browser.new_context()
            stack.callback(context.close)
            page = context.new_page()
            prepare(page)
            sign_in(page, served.url, name)
            return page

        yield come_in


def new_task(boss: Caller) -> str:
    task: str = boss.said("/decisions/task", title="look", required_capabilities=["nobody"])["id"]
    return task


def test_reviewers_see_an_escalation_come_and_a_viewer_does_not(
    enter: Callable[..., Page], boss: Caller
) -> None:
    rita, vera = enter("rita"), enter("vera")
    found = complaints(rita), complaints(vera)
    task = new_task(boss)
    for page in (rita, vera):
        expect(page.locator(f"#feed a[href$='{task}']")).to_be_visible()
    boss.said(f"/decisions/task/{task}/escalate", reason="look")
    expect(rita.locator("#toasts")).to_contain_text("A task needs a person.")
    expect(rita.locator("#count-escalations")).to_contain_text("1")
    expect(rita).to_have_title(re.compile(r"^\(1\) "))
    expect(rita.locator("link[rel=icon]")).to_have_attribute("href", "/favicon/1.svg")
    expect(rita.locator("#feed > .event", has_text="needs a person")).to_have_count(1)
    last = new_task(boss)
    expect(vera.locator(f"#feed a[href$='{last}']")).to_be_visible()
    assert "needs a person" not in vera.inner_text("body")
    assert found == ([], [])


def test_a_push_leaves_alone_what_somebody_does(
    enter: Callable[..., Page], served: Running, boss: Caller
) -> None:
    page = enter("rita")
    page.goto(f"{served.url}/tasks")
    found, drawn = complaints(page), count(1)
    page.route("**/part", lambda route: route.fulfill(body=part(next(drawn))))
    page.evaluate(SHOW, part(0))
    page.fill("#typed", "mine")
    page.check("#ticked")
    page.select_option("#chosen", "two")
    page.click("#opened summary")
    page.fill("#focused", "half a sente")
    page.evaluate("document.getElementById('focused').setSelectionRange(3, 5)")
    new_task(boss)
    expect(page.locator("#drawn")).not_to_have_text("0")
    expect(page.locator("#focused")).to_be_focused()
    assert page.evaluate("document.getElementById('focused').selectionEnd") == 5
    page.keyboard.press("End")
    page.keyboard.type("nce")
    new_task(boss)
    expect(page.locator("#drawn")).to_have_text("2")
    expect(page.locator("#typed")).to_have_value("mine")
    expect(page.locator("#focused")).to_have_value("half a sentence")
    expect(page.locator("#untouched")).to_have_value("2")
    expect(page.locator("#ticked")).to_be_checked()
    expect(page.locator("#chosen")).to_have_value("two")
    assert page.evaluate("document.getElementById('opened').open")
    assert found == []


def test_it_says_when_news_come_late_looks_by_itself_and_comes_back(
    enter: Callable[..., Page], boss: Caller
) -> None:
    socket = Socket()
    page = enter("rita", socket.stand_before)
    banner = page.locator("#delayed")
    seen = new_task(boss)
    expect(page.locator(f"#feed a[href$='{seen}']")).to_be_visible()
    expect(banner).to_be_hidden()

    socket.silent = True
    page.clock.fast_forward(12_000)
    expect(banner).to_be_visible()
    task = new_task(boss)
    with page.expect_request(re.compile("/dashboard")):
        page.clock.fast_forward(11_000)
    expect(banner).to_be_visible()

    socket.silent = False
    page.clock.fast_forward(12_000)  # the socket that was silent is dead, and replaced
    expect(banner).to_be_hidden()
    expect(page.locator(f"#feed a[href$='{task}']")).to_have_count(1)

    socket.away = True
    for one in socket.open:
        one.close(code=1012)
    page.clock.fast_forward(5_000)
    expect(banner).to_be_visible()
    missed = new_task(boss)
    socket.away = False
    page.clock.fast_forward(3_000)
    expect(banner).to_be_hidden()
    expect(page.locator(f"#feed a[href$='{missed}']")).to_have_count(1)


def test_who_is_signed_out_elsewhere_is_out_here_and_keeps_what_they_typed(
    enter: Callable[..., Page], served: Running
) -> None:
    page = enter("rita")
    typing = page.context.new_page()
    typing.goto(f"{served.url}/tasks")
    typing.evaluate(SHOW, part(0))
    typing.fill("#typed", "mine")
    third = page.context.new_page()
    third.goto(f"{served.url}/tasks")
    third.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    expect(typing.locator("#signed-out")).to_be_visible()
    expect(typing.locator("#typed")).to_have_value("mine")


def test_what_can_be_sent_no_more_says_so_beside_what_was_typed(
    enter: Callable[..., Page], served: Running, boss: Caller
) -> None:
    page, task = enter("rita"), new_task(boss)
    page.goto(f"{served.url}/tasks/{task}")
    form = page.locator("#do-override form")
    page.click("#do-override > summary")
    form.locator("[name=reason]").fill("half a reason")
    boss.call("PATCH", f"/decisions/task/{task}/state", state="cancelled")
    expect(form).to_contain_text("can be sent no more", timeout=10_000)
    expect(form.locator("[name=reason]")).to_have_value("half a reason")
    expect(form.locator("[type=submit]")).to_be_disabled()
    expect(form.locator(".notice")).to_have_count(1)


def test_an_escalation_that_is_over_goes_though_somebody_chose_whom_to_hand_it_to(
    enter: Callable[..., Page], served: Running, boss: Caller
) -> None:
    page, task = enter("rita"), new_task(boss)
    boss.said(f"/decisions/task/{task}/escalate", reason="look")
    page.goto(f"{served.url}/escalations")
    card = page.locator(".escalation-card", has=page.locator(f"a[href='/tasks/{task}']"))
    card.locator(".hand-over > summary").click()
    card.locator("select").select_option(index=1)
    boss.call("PATCH", f"/decisions/task/{task}/state", state="cancelled")
    expect(card).to_have_count(0, timeout=10_000)


def test_whoever_comes_back_is_known_by_their_account_and_a_look_that_fails_is_no_error(
    enter: Callable[..., Page], served: Running
) -> None:
    page = enter("rita")
    found = list[str]()
    page.on("pageerror", lambda error: found.append(str(error)))
    banner = page.locator("#signed-out")
    page.evaluate("document.getElementById('signed-out').hidden = false")
    page.context.set_offline(True)
    with page.expect_event("requestfailed"):
        page.evaluate(COME_BACK)
    page.context.set_offline(False)
    page.evaluate("document.querySelector('[data-person]').dataset.person = 'a namesake'")
    with page.expect_response("**/dashboard"):
        page.evaluate(COME_BACK)
    page.wait_for_timeout(300)
    expect(banner).to_be_visible()
    assert found == []


def test_a_second_click_is_no_second_wish(enter: Callable[..., Page], served: Running) -> None:
    page = enter("rita")
    page.goto(f"{served.url}/tasks")
    sent = list[str]()
    page.route("**/part", lambda route: route.fulfill(body=""))
    page.on("request", lambda request: sent.append(request.url))
    page.evaluate(SHOW, FORM)
    for number in (1, 2):
        with page.expect_response("**/part"):
            page.evaluate(TWICE)
        page.wait_for_timeout(300)
        assert len([url for url in sent if url.endswith("/part")]) == number


def test_an_alarm_that_is_held_back_is_heard_on_the_next_page_and_once(
    enter: Callable[..., Page], served: Running, boss: Caller
) -> None:
    page, tasks = enter("rita"), [new_task(boss), new_task(boss)]
    alarm = page.locator("#toasts .toast a")
    boss.said(f"/decisions/task/{tasks[0]}/escalate", reason="look")
    expect(alarm).to_have_attribute("href", f"/tasks/{tasks[0]}", timeout=10_000)
    boss.said(f"/decisions/task/{tasks[1]}/escalate", reason="look")
    page.goto(f"{served.url}/tasks")
    expect(alarm).to_have_attribute("href", f"/tasks/{tasks[1]}", timeout=10_000)
    page.goto(f"{served.url}/tasks")
    expect(page.locator("#news")).not_to_have_attribute("data-alarmed", "0")  # it was told
    expect(alarm).to_have_count(0)
