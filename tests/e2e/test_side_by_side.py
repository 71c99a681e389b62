"""Two reviewers and a viewer before their browsers, while an agent works: on PostgreSQL, Redis, worker and beat."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, WebSocket, expect

from tests.e2e.browsing import Visit, visitors
from tests.e2e.callers import Caller
from tests.e2e.processes import Platform, until

# Milliseconds, with room for a busy machine: `make bench` measures how soon it is.
LOOK = 700  # nobody decides on what has only just come up
AT_ONCE, SOON, HEALED = 8_000, 8_000, 12_000


class Held(NamedTuple):
    id: str
    title: str
    lease_token: str

    def call(self, agent: Caller, name: str, **said: Any) -> Any:
        return agent.post(f"/worker/tasks/{self.id}/{name}", lease_token=self.lease_token, **said)


@pytest.fixture(scope="module")
def people(platform: Platform) -> dict[str, str]:
    """Accounts of this file alone, by who they are."""
    names = {}
    for who, role in (("rita", "reviewer"), ("roy", "reviewer"), ("vera", "viewer")):
        names[who] = f"{who}-{uuid4().hex[:6]}"
        platform.manage("create_user", names[who], "--role", role)
    return names


@pytest.fixture
def visit(platform: Platform, browser: Browser, people: dict[str, str]) -> Iterator[Visit]:
    with visitors(browser, platform.live) as by_name:
        yield lambda who, *where, **how: by_name(people[who], *where, **how)


@pytest.fixture
def agent(hire: Callable[..., Caller]) -> Caller:
    return hire()


@pytest.fixture
def work(boss: Caller, agent: Caller) -> Callable[[], Held]:
    """`work()`: the agent is at a new task."""

    def begin() -> Held:
        title = f"Refund order {uuid4().hex[:6]}?"
        boss.said("/decisions/task", title=title, required_capabilities=[agent.name])
        (task,) = agent.said("/worker/claim", wait_seconds=10)["tasks"]
        held = Held(task["id"], title, task["lease_token"])
        assert held.call(agent, "ack", start=True).status_code == 200
        return held

    return begin


def hand_in(agent: Caller, held: Held) -> None:
    answer = held.call(agent, "complete", result={"refund": True}, confidence=0.4, rationale="why")
    assert answer.status_code == 200


def test_both_reviewers_see_a_proposal_and_one_of_them_decides_with_a_key(
    visit: Visit, work: Callable[[], Held], agent: Caller, people: dict[str, str]
) -> None:
    held = work()
    hand_in(agent, work())  # what the second one looks at meanwhile
    rita, roy, vera = visit("rita", "/reviews"), visit("roy", "/reviews"), visit("vera")
    hand_in(agent, held)
    for page in (rita, roy):
        expect(page.locator("#queue")).to_contain_text(held.title, timeout=AT_ONCE)
    for page in (rita, roy):
        page.locator(".row-link", has_text=held.title).click()
        expect(page.locator("#open-title")).to_have_text(held.title)
    rita.wait_for_timeout(LOOK)
    rita.keyboard.press("a")
    expect(roy.locator("#standing")).to_contain_text(
        f"{people['rita']} approved this", timeout=AT_ONCE
    )
    expect(roy.locator("#queue")).not_to_contain_text(held.title, timeout=AT_ONCE)
    expect(vera.locator("#feed")).to_contain_text("The result stands", timeout=SOON)


def test_an_override_fences_the_agent_off_and_the_viewer_sees_it(
    visit: Visit, work: Callable[[], Held], agent: Caller
) -> None:
    held = work()
    rita, vera = visit("rita", f"/tasks/{held.id}"), visit("vera", f"/tasks/{held.id}")
    assert held.call(agent, "heartbeat").status_code == 200
    assert vera.locator("#do-override").count() == 0
    rita.click("#do-override > summary")
    rita.fill("#do-override [name=new_decision]", '{"refund": false}')
    rita.fill("#do-override [name=reason]", "not our order")
    rita.click("#do-override button[type=submit]")
    expect(vera.locator("[aria-current=step]")).to_contain_text("verified", timeout=SOON)
    refused = held.call(agent, "complete", result={"refund": True})
    assert (refused.status_code, refused.json()["code"]) == (409, "lease_lost")


def frames_of(page: Page) -> list[str]:
    """All that the page's sockets bring from now on."""
    heard: list[str] = []

    def hear(frame: Any) -> None:
        heard.append(str(frame))

    def opened(socket: WebSocket) -> None:
        socket.on("framereceived", hear)

    page.on("websocket", opened)
    page.reload()
    return heard


def test_an_escalation_reaches_the_reviewers_and_never_the_viewers_socket(
    visit: Visit, work: Callable[[], Held], agent: Caller, platform: Platform
) -> None:
    held = work()
    rita, vera = visit("rita", "/escalations"), visit("vera")
    platform.sweeps_anew()
    heard = frames_of(vera)
    expect(vera.locator("#feed")).to_be_visible()
    failed = held.call(agent, "fail", error={"type": "Torn", "message": "torn"}, retryable=False)
    assert failed.status_code == 200
    expect(rita.locator("main")).to_contain_text(held.title, timeout=AT_ONCE)
    expect(rita.locator("#toasts")).to_contain_text("needs a person", timeout=SOON)
    for _ in range(3):  # what came while the socket was still on its way, the page fetches
        after = work()  # when this has come, the escalation would have come before it
        expect(vera.locator("#feed")).to_contain_text(after.id[-8:], timeout=SOON)
        if any(after.id in frame for frame in heard):
            break
    assert any(after.id in frame for frame in heard)
    assert not [frame for frame in heard if "escalat" in frame.lower()]
    assert not [frame for frame in heard if "needs a person" in frame.lower()]


def test_focus_and_typed_text_survive_every_push(
    visit: Visit, work: Callable[[], Held], agent: Caller, boss: Caller
) -> None:
    held = work()
    page = visit("rita", f"/tasks/{held.id}")
    field = page.locator("#comment-text")
    field.focus()
    for number in range(3):
        said = {"feedback_type": "user_rating", "rating": 5, "comment": f"seen {number}"}
        boss.said(f"/decisions/task/{held.id}/feedback", **said)
        field.press_sequentially(f"word{number} ", delay=30)
        expect(page.locator("main")).to_contain_text(f"seen {number}", timeout=SOON)
    hand_in(agent, held)
    expect(page.locator("[aria-current=step]")).to_contain_text("completed", timeout=SOON)
    expect(field).to_be_focused()
    expect(field).to_have_value("word0 word1 word2 ")


def test_a_page_has_everything_again_after_redis_was_killed(
    visit: Visit, work: Callable[[], Held], agent: Caller, platform: Platform
) -> None:
    held = work()
    page = visit("rita", "/reviews")
    expect(page.locator("#queue")).to_be_visible()
    platform.kill("redis")
    try:
        hand_in(agent, held)
        expect(page.locator("#queue")).to_contain_text(held.title, timeout=HEALED)
        expect(page.locator("#delayed")).to_be_visible(timeout=15_000)
    finally:
        platform.start("redis")
        until(platform.redis_answers, 10)
    another = work()
    hand_in(agent, another)
    expect(page.locator("#queue")).to_contain_text(another.title, timeout=HEALED)
    expect(page.locator("#delayed")).to_be_hidden(timeout=HEALED)


def test_who_signs_out_elsewhere_is_shown_the_way_in(visit: Visit, platform: Platform) -> None:
    page = visit("roy", "/dashboard")
    other = page.context.new_page()
    other.goto(f"{platform.live}/tasks")
    other.click("button:has-text('Sign out')")
    page.wait_for_url("**/sign-in**", timeout=10_000)
