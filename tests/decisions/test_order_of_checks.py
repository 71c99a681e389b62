"""Who asks, may they, is it there, is it well said, does its state allow it: in this order, at every door."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from agentic.ids import new_id
from agentic.models import User
from agentic.permissions import Anyone
from agentic.routes import Route, api_routes
from agents.permissions import AgentOnly
from tests.conftest import Api
from tests.decisions.floor import Floor

ClientFor = Callable[[User | str | None], Api]
GUARDED = [route for route in api_routes() if Anyone not in route.guards]
BAD = '{"no_such_field": '  # neither JSON nor anything that a door asks for


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def about_nothing(api: Api, route: Route) -> Any:
    """A call with an id that nobody has, a question that makes no sense, and a body that cannot be read."""
    path = re.sub(r"<str:\w+>", str(new_id()), route.path.removeprefix("/api/v1"))
    if route.method == "GET":
        return api.get(path, limit="-1", wait="-1", cursor="\0")
    return api.send(route.method.lower(), f"{path}?new_status=none", BAD)


def is_about_one(route: Route) -> bool:
    return "<" in route.path


@pytest.fixture
def insider(client_for: ClientFor, admin: User, agent_key: str) -> Callable[[Route], Api]:
    """Somebody whom the door lets in."""
    return lambda route: client_for(agent_key if AgentOnly in route.guards else admin)


@pytest.fixture
def outsider(
    client_for: ClientFor, stranger: User, admin: User, agent_key: str
) -> Callable[[Route], Api]:
    """Somebody who is known, and whom the door does not let in."""

    def choose(route: Route) -> Api:
        if AgentOnly in route.guards:
            return client_for(admin)
        return client_for(agent_key if route.rule == "auth.me" else stranger)

    return choose


@pytest.mark.parametrize("route", GUARDED, ids=named)
def test_first_who_asks(client_for: ClientFor, route: Route) -> None:
    assert about_nothing(client_for(None), route).status_code == 401


@pytest.mark.parametrize("route", GUARDED, ids=named)
def test_then_whether_they_may(outsider: Callable[[Route], Api], route: Route) -> None:
    assert about_nothing(outsider(route), route).status_code == 403


@pytest.mark.parametrize("route", [r for r in GUARDED if is_about_one(r)], ids=named)
def test_then_whether_it_is_there(insider: Callable[[Route], Api], route: Route) -> None:
    answer = about_nothing(insider(route), route)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


# They take neither a body nor a question.
SILENT = {"GET /api/v1/auth/me", "GET /api/v1/admin/policy", "GET /api/v1/admin/stats"}


@pytest.mark.parametrize(
    "route", [r for r in GUARDED if not is_about_one(r) and named(r) not in SILENT], ids=named
)
def test_then_whether_it_is_well_said(insider: Callable[[Route], Api], route: Route) -> None:
    assert about_nothing(insider(route), route).status_code == 400


@pytest.mark.parametrize(
    ("call", "good"),
    [
        ("override", {"reason": "x", "new_decision": {}}),
        ("escalate", {"reason": "x"}),
        ("state", {"state": "queued"}),
    ],
)
def test_and_last_whether_its_state_allows_it(
    floor: Floor, client_for: ClientFor, admin: User, call: str, good: dict[str, Any]
) -> None:
    task_id, _ = floor.bring_to("verified")
    boss, path = client_for(admin), f"/decisions/task/{task_id}/{call}"
    send = boss.patch if call == "state" else boss.post
    assert send(path, BAD).status_code == 400
    assert send(path, good).status_code == 409


@pytest.mark.parametrize("call", ["ack", "start", "complete", "fail", "release"])
def test_an_agents_call_too(floor: Floor, client_for: ClientFor, agent_key: str, call: str) -> None:
    task_id, token = floor.bring_to("escalated")
    worker, path = client_for(agent_key), f"/worker/tasks/{task_id}/{call}"
    more: dict[str, Any] = {"complete": {"result": {}}, "fail": {"error": {"type": "x"}}}
    assert worker.post(path, BAD).status_code == 400
    said = {"lease_token": str(token)} | more.get(call, {})
    assert worker.post(path, said).status_code == 409
