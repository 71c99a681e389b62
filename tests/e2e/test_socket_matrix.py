"""Who gets through the socket, to which channels, and what they may do there: one table, written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from oversight.actions import RULES
from oversight.frames import Channel
from tests.e2e.callers import Caller
from tests.e2e.processes import Platform
from tests.oversight.asyncapi import check

PATH = "/api/v1/oversight/ws"
ROLES = ("viewer", "agent_manager", "reviewer", "admin")
# The code with which it is closed; 0: it stays open.
CLOSED = {
    "anonymous": 4001,
    "agent": 4001,
    "revoked": 4001,
    "stranger": 4003,
    "viewer": 0,
    "agent_manager": 0,
    "reviewer": 0,
    "admin": 0,
}
CHANNELS = {
    "events": {"viewer", "agent_manager", "reviewer", "admin"},
    "decisions": {"viewer", "agent_manager", "reviewer", "admin"},
    "actions": {"reviewer", "admin"},
    "escalations": {"reviewer", "admin"},
}
ACTIONS = {
    "override": {"reviewer", "admin"},
    "escalate": {"agent_manager", "reviewer", "admin"},
}


@pytest.fixture(scope="module")
def bearers(platform: Platform, sign_in: Callable[[str], Caller]) -> dict[str, str]:
    """The credential of each caller."""
    boss, found = sign_in("ada"), {"anonymous": ""}
    for role in ("stranger", *ROLES):
        name = f"{role}-{uuid4().hex[:6]}"
        platform.manage("create_user", name, *([] if role == "stranger" else ["--role", role]))
        found[role] = sign_in(name).bearer
    agent = boss.said("/admin/agents", name=f"agent-{uuid4().hex[:6]}")["id"]
    for kind in ("agent", "revoked"):
        key = boss.said(f"/admin/agents/{agent}/keys")
        found[kind] = key["key"]
    boss.said(f"/admin/agents/{agent}/keys/{key['key_id']}/revoke")
    return found


def address(platform: Platform, bearer: str) -> str:
    return f"{platform.live.replace('http', 'ws')}{PATH}" + (f"?token={bearer}" if bearer else "")


@pytest.fixture(params=ROLES)
def inside(
    request: pytest.FixtureRequest, platform: Platform, bearers: dict[str, str]
) -> Iterator[tuple[str, ClientConnection]]:
    with connect(address(platform, bearers[request.param])) as socket:
        assert hear(socket)["type"] == "connected"
        yield request.param, socket


def hear(socket: ClientConnection) -> dict[str, Any]:
    """The next word for this caller; events are passed over."""
    while "type" not in (frame := json.loads(socket.recv(10))):
        check(frame)
    check(frame)
    answer: dict[str, Any] = frame
    return answer


def ask(socket: ClientConnection, **words: Any) -> dict[str, Any]:
    socket.send(json.dumps(words))
    return hear(socket)


def test_the_tables_are_whole(bearers: dict[str, str]) -> None:
    assert CLOSED.keys() == bearers.keys()
    assert CHANNELS.keys() == set(Channel)
    assert ACTIONS.keys() == RULES.keys()


@pytest.mark.parametrize("who", CLOSED)
def test_who_gets_through(platform: Platform, bearers: dict[str, str], who: str) -> None:
    with connect(address(platform, bearers[who])) as socket:
        if not CLOSED[who]:
            assert hear(socket)["type"] == "connected"
            return
        with pytest.raises(ConnectionClosed) as ended:
            socket.recv(10)
    assert ended.value.rcvd is not None
    assert ended.value.rcvd.code == CLOSED[who]


def test_each_channel_is_for_whom_the_table_says(inside: tuple[str, ClientConnection]) -> None:
    who, socket = inside
    heard = {name: ask(socket, type="subscribe", channel=name)["type"] for name in CHANNELS}
    assert {name for name, said in heard.items() if said == "subscribed"} == {
        name for name, allowed in CHANNELS.items() if who in allowed
    }
    assert set(heard.values()) <= {"subscribed", "error"}


def test_each_action_is_for_whom_the_table_says(inside: tuple[str, ClientConnection]) -> None:
    """Of a task that is not there: who may not is told so before anybody looks for it."""
    who, socket = inside
    for action, allowed in ACTIONS.items():
        said = ask(socket, type="action", action=action, task_id=str(uuid4()), reason="x", data={})
        assert said["type"] == "error"
        assert said["status"] == (404 if who in allowed else 403)
