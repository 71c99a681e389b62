"""The socket of the pages, on the process that serves sockets in earnest."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from tests.e2e.callers import Caller
from tests.e2e.processes import PASSWORD, Platform

PATH = "/oversight/live"
ROW = re.compile(r'id="event-(\d+)"')


class Person:
    """Somebody who has signed in on a page."""

    def __init__(self, platform: Platform, name: str) -> None:
        self.name = name
        self.http = httpx.Client(base_url=platform.web, follow_redirects=True)
        self.http.get("/sign-in")
        self.post("/sign-in", username=name, password=PASSWORD)

    def post(self, path: str, **form: str) -> httpx.Response:
        mark = {"csrfmiddlewaretoken": self.http.cookies["csrftoken"]}
        return self.http.post(path, data={**form, **mark}).raise_for_status()

    @property
    def cookie(self) -> str:
        return f"sessionid={self.http.cookies.get('sessionid', '')}"


class Page:
    """One page in one tab; `heard` is all that was pushed to it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.heard = self.next()

    def next(self, seconds: float = 10) -> str:
        frame = self.socket.recv(seconds)
        assert isinstance(frame, str)
        return frame

    def until(self, matches: Callable[[str], object], seconds: float = 10) -> str:
        """All that is pushed, up to what matches."""
        heard, end = "", time.monotonic() + seconds
        while not matches(heard):
            heard += self.next(end - time.monotonic())
        self.heard += heard
        return heard

    def closed_with(self, seconds: float = 10) -> int | None:
        with pytest.raises(ConnectionClosed) as closed:
            self.until(lambda heard: False, seconds)
        return closed.value.rcvd.code if closed.value.rcvd else None

    @property
    def position(self) -> int:
        return int(re.findall(r'data-position="(\d+)"', self.heard)[-1])


@pytest.fixture(scope="module")
def sign_in_page(platform: Platform) -> Iterator[Callable[[str], Person]]:
    """On a page, with an account that is there or, for a role, a new one."""
    with ExitStack() as stack:

        def sign_in(name: str = "", *role: str) -> Person:
            if not name:
                name = f"page-{uuid4().hex[:6]}"
                platform.manage("create_user", name, *(["--role", *role] if role else []))
            somebody = Person(platform, name)
            stack.callback(somebody.http.close)
            return somebody

        yield sign_in


@pytest.fixture(scope="module")
def rita(sign_in_page: Callable[..., Person]) -> Person:
    return sign_in_page("rita")


@pytest.fixture(scope="module")
def vera(sign_in_page: Callable[..., Person]) -> Person:
    return sign_in_page("", "viewer")


@pytest.fixture
def open_page(platform: Platform) -> Iterator[Callable[..., Page]]:
    with ExitStack() as stack:

        def open_one(who: Person | str, query: str = "?feed=1") -> Page:
            url = f"{platform.live.replace('http', 'ws')}{PATH}{query}"
            headers = {"Cookie": who if isinstance(who, str) else who.cookie}
            socket = connect(url, origin=Origin(platform.live), additional_headers=headers)
            return Page(stack.enter_context(socket))

        yield open_one


def new_task(boss: Caller) -> str:
    task: str = boss.said("/decisions/task", title="a task", required_capabilities=["nobody"])["id"]
    return task


def rows_of(platform: Platform, task: str) -> list[int]:
    sql = "SELECT position FROM events WHERE entity_id = %s ORDER BY position"
    return [row[0] for row in platform.rows(sql, task)]


def about(task: str) -> Callable[[str], bool]:
    return lambda heard: f"task:{task}" in heard


def test_what_happens_is_pushed_to_the_page(
    platform: Platform, open_page: Callable[..., Page], rita: Person, boss: Caller
) -> None:
    page = open_page(rita)
    task = new_task(boss)
    heard = page.until(about(task))
    assert f'id="event-{rows_of(platform, task)[0]}"' in heard
    assert "data-topics=" in heard
    assert 'data-delayed="no"' in heard


def test_a_page_without_a_list_of_events_gets_none(
    open_page: Callable[..., Page], rita: Person, boss: Caller
) -> None:
    page = open_page(rita, "")
    assert "event-" not in page.until(about(new_task(boss)))


def test_an_escalation_reaches_reviewers_and_no_viewer(
    platform: Platform, open_page: Callable[..., Page], rita: Person, vera: Person, boss: Caller
) -> None:
    reviewer, viewer = open_page(rita), open_page(vera)
    waiting = platform.value("SELECT count(*) FROM escalations WHERE resolved_at IS NULL")
    first = new_task(boss)
    viewer.until(about(first))
    boss.said(f"/decisions/task/{first}/escalate", reason="look")
    told = reviewer.until(lambda heard: f'data-waiting="{waiting + 1}"' in heard)
    assert "A task needs a person." in reviewer.heard
    assert 'id="count-escalations"' in told
    last = new_task(boss)
    assert about(first)(viewer.until(about(last)))  # that its state is another one
    escalated = rows_of(platform, first)[-1]
    assert f'id="event-{escalated}"' in reviewer.heard
    assert f'id="event-{escalated}"' not in viewer.heard
    for word in ("escalation", "count-", "needs a person"):
        assert word not in viewer.heard


def test_it_goes_on_where_the_page_left_off(
    platform: Platform, open_page: Callable[..., Page], rita: Person, boss: Caller
) -> None:
    before = open_page(rita)
    missed = [new_task(boss) for _ in range(5)]
    page = open_page(rita, f"?feed=1&since={before.position}")
    last = new_task(boss)
    page.until(about(last))
    shown = [int(number) for number in ROW.findall(page.heard)]
    assert len(shown) == len(set(shown))
    positions = [position for task in [*missed, last] for position in rows_of(platform, task)]
    assert [number for number in sorted(shown) if number in positions] == positions
    for task in missed:
        assert about(task)(page.heard)


def test_it_beats_while_nothing_happens(open_page: Callable[..., Page], rita: Person) -> None:
    page = open_page(rita)
    assert 'data-topics=""' in page.next(seconds=7)


def test_it_ends_with_the_sign_in(
    open_page: Callable[..., Page], sign_in_page: Callable[..., Person]
) -> None:
    somebody = sign_in_page("", "reviewer")
    pages, cookie = [open_page(somebody) for _ in range(2)], somebody.cookie
    began = time.monotonic()
    somebody.post("/sign-out")
    assert [page.closed_with() for page in pages] == [4001, 4001]
    assert time.monotonic() - began < 3  # it is told, and not only looked at from time to time
    assert refused(open_page, cookie) == 4001


def test_it_ends_when_the_roles_change(
    platform: Platform, open_page: Callable[..., Page], sign_in_page: Callable[..., Person]
) -> None:
    somebody = sign_in_page("", "agent_manager")
    page, cookie = open_page(somebody), somebody.cookie
    taken = "DELETE FROM users_groups WHERE user_id = (SELECT id FROM users WHERE username = %s) RETURNING 1"
    assert platform.rows(taken, somebody.name)
    assert page.closed_with() == 4003
    assert refused(open_page, cookie) == 4003


def refused(open_page: Callable[..., Page], cookie: str) -> int:
    with pytest.raises(ConnectionClosed) as closed:
        open_page(cookie)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://[", None])
def test_a_foreign_page_is_refused(platform: Platform, rita: Person, origin: Any) -> None:
    url, cookie = f"{platform.live.replace('http', 'ws')}{PATH}", {"Cookie": rita.cookie}
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(url, origin=origin, additional_headers=cookie),
    ):
        pass
    assert refused.value.response.status_code == 403


def test_a_flood_ends_it(open_page: Callable[..., Page], rita: Person) -> None:
    page = open_page(rita)
    with suppress(ConnectionClosed):
        for _ in range(40):
            page.socket.send("x")
    assert page.closed_with() == 4008


def test_a_large_frame_ends_it(open_page: Callable[..., Page], rita: Person) -> None:
    page = open_page(rita)
    with suppress(ConnectionClosed):
        page.socket.send("x" * 70_000)
    assert page.closed_with() == 1009


def test_redis_may_restart(
    platform: Platform, open_page: Callable[..., Page], rita: Person, boss: Caller
) -> None:
    page = open_page(rita)
    platform.kill("redis")
    away = new_task(boss)
    page.until(about(away), 5)
    page.until(lambda heard: 'data-delayed="yes"' in heard, 10)
    platform.start("redis")
    began = time.monotonic()
    page.until(lambda heard: 'data-delayed="no"' in heard)
    page.until(about(new_task(boss)))
    assert time.monotonic() - began < 5
    shown = ROW.findall(page.heard)
    assert len(shown) == len(set(shown))
