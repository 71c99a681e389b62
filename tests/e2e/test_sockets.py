"""The socket of the API, on the process that serves sockets in earnest."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.e2e.callers import Caller
from tests.e2e.processes import Platform
from tests.oversight.asyncapi import check

Frame = dict[str, Any]
PATH = "/api/v1/oversight/ws"


class Listener:
    """One connection; what it has heard is kept."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.greeting = self.next()

    def next(self, seconds: float = 5) -> Frame:
        frame: Frame = json.loads(self.socket.recv(seconds))
        check(frame)
        return frame

    def until(self, matches: Callable[[Frame], bool], seconds: float = 5) -> list[Frame]:
        """All frames up to the first that matches."""
        heard = [self.next(seconds)]
        while not matches(heard[-1]):
            heard.append(self.next(seconds))
        return heard

    def say(self, **words: Any) -> None:
        self.socket.send(json.dumps(words))

    def ask(self, **words: Any) -> Frame:
        """Say it, and hear the answer; events that come between are passed over."""
        self.say(**words)
        return self.until(lambda frame: "type" in frame)[-1]


@pytest.fixture
def listen(platform: Platform) -> Iterator[Callable[..., Listener]]:
    with ExitStack() as stack:

        def open_one(who: Caller, query: str = "", **how: Any) -> Listener:
            address = platform.live.replace("http", "ws")
            url = f"{address}{PATH}?token={who.bearer}{query}"
            return Listener(stack.enter_context(connect(url, **how)))

        yield open_one


@pytest.fixture
def vera(platform: Platform, sign_in: Callable[[str], Caller]) -> Caller:
    """A viewer."""
    name = f"vera-{uuid4().hex[:6]}"
    platform.manage("create_user", name, "--role", "viewer")
    return sign_in(name)


@pytest.fixture
def rita(sign_in: Callable[[str], Caller]) -> Caller:
    return sign_in("rita")


def about(task_id: str, channel: str = "events") -> Callable[[Frame], bool]:
    return lambda frame: frame.get("channel") == channel and frame["data"]["entity_id"] == task_id


def new_task(boss: Caller) -> str:
    task: str = boss.said("/decisions/task", title="a task", required_capabilities=["nobody"])["id"]
    return task


def closed_with(listener: Listener, seconds: float = 10) -> int | None:
    """The code with which the server ends it."""
    with pytest.raises(ConnectionClosed) as closed:
        listener.until(lambda frame: False, seconds)
    return closed.value.rcvd.code if closed.value.rcvd else None


def test_it_greets_with_who_one_is(listen: Callable[..., Listener], rita: Caller) -> None:
    said = listen(rita).greeting
    assert (said["type"], said["roles"]) == ("connected", ["reviewer", "viewer"])
    assert said["subscriptions"] == ["decisions", "events"]


def test_what_happens_is_told_as_it_happens(
    listen: Callable[..., Listener], rita: Caller, boss: Caller
) -> None:
    listener = listen(rita)
    task = new_task(boss)
    (told,) = [f for f in listener.until(about(task)) if about(task)(f)]
    assert told["data"]["event_type"] == "task.created"
    assert told["position"] > listener.greeting["position"]


def test_an_escalation_reaches_reviewers_and_no_viewer(
    listen: Callable[..., Listener], rita: Caller, vera: Caller, boss: Caller
) -> None:
    reviewer, viewer = listen(rita), listen(vera)
    assert reviewer.ask(type="subscribe", channel="escalations")["type"] == "subscribed"
    assert viewer.ask(type="subscribe", channel="escalations")["status"] == 403
    first, last = new_task(boss), ""
    boss.said(f"/decisions/task/{first}/escalate", reason="look")
    last = new_task(boss)
    assert reviewer.until(about(first, "escalations"))
    heard = [frame["data"] for frame in viewer.until(about(last)) if "channel" in frame]
    assert [row["event_type"] for row in heard if row["entity_id"] == first] == ["task.created"]


def test_it_resumes_where_one_left_off(
    listen: Callable[..., Listener], rita: Caller, boss: Caller
) -> None:
    before = listen(rita).greeting["position"]
    missed = [new_task(boss) for _ in range(5)]
    listener = listen(rita, f"&since={before}")
    last = new_task(boss)
    heard = [frame for frame in listener.until(about(last)) if frame.get("channel") == "events"]
    places = [frame["position"] for frame in heard]
    assert places == sorted(set(places))
    told = [frame["data"]["entity_id"] for frame in heard]
    assert [task for task in told if task in missed] == missed


def test_an_override_is_acknowledged_with_its_event(
    platform: Platform, listen: Callable[..., Listener], rita: Caller, boss: Caller
) -> None:
    task, listener = new_task(boss), listen(rita)
    act = {"type": "action", "action": "override", "task_id": task, "reason": "mine"}
    done = listener.ask(**act, data={"label": 1})
    assert (done["type"], done["status"]) == ("action_done", "overridden")
    row = platform.rows("SELECT entity_id, event_type FROM events WHERE id = %s", done["event_id"])
    assert [(str(row[0][0]), row[0][1])] == [(task, "task.overridden")]
    assert listener.ask(**act, data={"label": 1})["status"] == 409


def test_who_may_not_act_is_told_so_and_nothing_happens(
    platform: Platform, listen: Callable[..., Listener], vera: Caller, boss: Caller
) -> None:
    task, listener = new_task(boss), listen(vera)
    for action in ("override", "escalate"):
        said = listener.ask(type="action", action=action, task_id=task, reason="no")
        assert (said["type"], said["status"]) == ("error", 403)
    assert platform.value("SELECT state FROM tasks WHERE id = %s", task) == "queued"
    refused = "SELECT count(*) FROM audits WHERE action = 'access.refused' AND user_id = %s"
    assert platform.value(refused, listener.greeting["user_id"]) == 1


@pytest.mark.parametrize(
    "text",
    ["[]", "42", "nonsense", '{"type":"dance"}', '{"type":"ping","x":1}', '"\\ud800"', "{" * 5000],
)
def test_odd_frames_are_answered(listen: Callable[..., Listener], rita: Caller, text: str) -> None:
    listener = listen(rita)
    listener.socket.send(text)
    assert listener.until(lambda frame: "type" in frame)[-1]["status"] == 400
    assert listener.ask(type="ping")["type"] == "pong"


def test_a_flood_ends_it(listen: Callable[..., Listener], rita: Caller) -> None:
    listener = listen(rita)
    for _ in range(40):
        listener.say(type="ping")
    assert closed_with(listener) == 4008


def test_a_person_has_so_many_sockets_and_others_have_theirs(
    listen: Callable[..., Listener], rita: Caller, vera: Caller
) -> None:
    for _ in range(50):
        listen(vera)
    with pytest.raises(ConnectionClosed) as closed:
        listen(vera)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason[:18]) == (4008, "At most 50 sockets")
    assert listen(rita).greeting["type"] == "connected"


def test_a_large_frame_ends_it(listen: Callable[..., Listener], rita: Caller) -> None:
    listener = listen(rita)
    with suppress(ConnectionClosed):
        listener.socket.send("x" * 70_000)
    assert closed_with(listener) == 1009


@pytest.mark.parametrize("token", ["", "nonsense", "aap_nonsense"])
def test_without_a_good_token_it_closes(
    platform: Platform, listen: Callable[..., Listener], token: str
) -> None:
    address = platform.live.replace("http", "ws")
    with connect(f"{address}{PATH}?token={token}") as socket, pytest.raises(ConnectionClosed) as no:
        socket.recv(5)
    assert no.value.rcvd is not None
    assert no.value.rcvd.code == 4001


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://["])
def test_a_foreign_page_is_refused(
    listen: Callable[..., Listener], rita: Caller, origin: Any
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        listen(rita, origin=origin)
    assert refused.value.response.status_code == 403


def test_it_ends_with_the_sign_in(
    platform: Platform, listen: Callable[..., Listener], vera: Caller
) -> None:
    listener = listen(vera)
    assert vera.post("/auth/logout").is_success
    assert closed_with(listener) == 4001


def test_it_ends_when_a_role_is_taken_away(
    platform: Platform, listen: Callable[..., Listener], vera: Caller
) -> None:
    listener = listen(vera)
    user = listener.greeting["user_id"]
    with_roles = "DELETE FROM users_groups WHERE user_id = %s RETURNING 1"
    assert platform.rows(with_roles, user)
    assert closed_with(listener) in {4001, 4003}


def test_redis_may_restart(
    platform: Platform, listen: Callable[..., Listener], rita: Caller, boss: Caller
) -> None:
    listener = listen(rita)
    platform.kill("redis")
    away = new_task(boss)
    assert listener.until(about(away))
    platform.start("redis")
    back = new_task(boss)
    heard = listener.until(about(back))
    places = [frame["position"] for frame in heard]
    assert places == sorted(set(places))
