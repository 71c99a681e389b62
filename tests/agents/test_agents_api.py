"""The registry by HTTP: who may, what is said, what is answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentic.actors import Actor
from agentic.models import Event, User
from agents.models import Agent, AgentKey
from agents.services import issue_key, register_agent
from tests.agents.helpers import fresh, last_told, story
from tests.conftest import Api

ClientFor = Callable[[User | str | None], Api]
NEW = {"name": "reader", "agent_type": "classifier", "capabilities": ["digits"], "config": {"n": 1}}


@pytest.fixture
def api(client_for: ClientFor, admin: User) -> Api:
    return client_for(admin)


def test_an_admin_enters_an_agent(api: Api, admin: User) -> None:
    answer = api.post("/admin/agents", NEW)
    assert answer.status_code == 201
    body = answer.json()
    assert {name: body[name] for name in NEW} == NEW
    assert (body["status"], body["max_concurrent_tasks"], body["priority_level"]) == (
        "offline",
        1,
        0,
    )
    event = Event.objects.get(entity_id=body["id"])
    assert (event.user_id, event.source) == (admin.pk, "api")
    assert event.correlation_id == answer["X-Request-ID"]


def test_limits_may_be_given_too(api: Api) -> None:
    body = api.post("/admin/agents", NEW | {"max_concurrent_tasks": 8, "priority_level": -3}).json()
    assert (body["max_concurrent_tasks"], body["priority_level"]) == (8, -3)


def test_a_name_that_is_taken_is_a_conflict_that_names_the_field(api: Api) -> None:
    api.post("/admin/agents", NEW)
    answer = api.post("/admin/agents", NEW)
    assert (answer.status_code, answer["Content-Type"]) == (409, "application/problem+json")
    assert answer.json()["code"] == "conflict"
    assert answer.json()["errors"] == {"name": ["Another agent has this name."]}
    assert Agent.objects.count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "a\n"),
        ("name", "a" * 201),
        ("name", 7),
        ("name", None),
        ("name", "a\0b"),
        ("agent_type", "two words"),
        ("agent_type", "trailing\n"),
        ("capabilities", "digits"),
        ("capabilities", [1]),
        ("capabilities", ["a\0"]),
        ("capabilities", ["x"] * 51),
        ("config", []),
        ("config", {"a": "\0"}),
        ("config", {"a": 10**40}),
        ("config", {"a": "x" * 70_000}),
        ("max_concurrent_tasks", 0),
        ("max_concurrent_tasks", 1001),
        ("max_concurrent_tasks", "4"),
        ("max_concurrent_tasks", True),
        ("priority_level", 10**40),
        ("status", "available"),
    ],
)
def test_what_is_wrong_is_refused_by_the_name_of_its_field(
    api: Api, field: str, value: Any
) -> None:
    answer = api.post("/admin/agents", NEW | {field: value})
    assert answer.status_code == 400
    assert [name.split("[")[0] for name in answer.json()["errors"]] == [field]
    assert not Agent.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "body"),
        (b"[]", "body"),
        (b"null", "body"),
        (b'{"name": "\\ud800"}', "name"),
        (b'{"name": "a\x00"}', "body"),
        (b'{"name": "\xff"}', "name"),
        (b'{"name": "a", "config": ' + b'{"a":' * 100_000 + b"1" + b"}" * 100_001, "config"),
        (b'"' + b'\\"' * 400_000 + b"[" * 40, "body"),
        (b"", "name"),
    ],
)
def test_a_body_that_is_none_is_refused(api: Api, body: bytes, field: str) -> None:
    answer = api.post("/admin/agents", body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]


def test_a_body_of_another_kind_is_refused(api: Api) -> None:
    answer = api.post("/admin/agents", "name=a", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_body_of_ten_megabytes_is_too_large(api: Api) -> None:
    answer = api.post("/admin/agents", NEW | {"config": {"a": "x" * 10_000_000}})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_method_that_is_not_there_is_405(api: Api) -> None:
    answer = api.send("delete", "/admin/agents")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert answer["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_the_list_goes_on_where_the_page_ended(api: Api, operator: Actor) -> None:
    for name in ("c", "a", "e", "b", "d"):
        register_agent(actor=operator, name=name)
    seen: list[str] = []
    cursor: str | None = ""
    for _ in range(3):
        page = api.get("/admin/agents", limit=2, cursor=cursor).json()
        seen += [row["name"] for row in page["agents"]]
        cursor = page["next"]
    assert seen == ["a", "b", "c", "d", "e"]
    assert cursor is None


def test_the_list_can_show_one_status(api: Api, agent: Agent) -> None:
    assert [row["id"] for row in api.get("/admin/agents", status="offline").json()["agents"]] == [
        str(agent.pk)
    ]
    assert api.get("/admin/agents", status="available").json()["agents"] == []


def test_the_list_takes_as_many_queries_for_one_agent_as_for_many(
    api: Api, operator: Actor
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            api.get("/admin/agents")
        return len(captured)

    register_agent(actor=operator, name="a")
    few = queries()
    for number in range(20):
        register_agent(actor=operator, name=f"b{number}")
    assert queries() == few == 2  # who asks, and the page


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "-1"),
        ("limit", "9" * 40),
        ("limit", "x"),
        ("limit", "501"),
        ("cursor", "a\0"),
        ("status", "gone"),
    ],
)
def test_a_bad_query_is_refused_by_name(api: Api, name: str, value: str) -> None:
    answer = api.get("/admin/agents", **{name: value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])


def test_one_agent_can_be_read(api: Api, agent: Agent) -> None:
    body = api.get(f"/admin/agents/{agent.pk}").json()
    assert (body["id"], body["name"], body["last_seen_at"]) == (str(agent.pk), "reader", None)


@pytest.mark.parametrize(
    "agent_id", ["01a20000-0000-7000-8000-000000000000", "none", "1", "%00", "a" * 5000]
)
def test_an_agent_that_is_not_there_is_404(api: Api, agent_id: object) -> None:
    for answer in (
        api.get(f"/admin/agents/{agent_id}"),
        api.patch(f"/admin/agents/{agent_id}/status", b"{"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_the_status_may_be_said_in_the_address(api: Api, agent: Agent) -> None:
    answer = api.patch(f"/admin/agents/{agent.pk}/status?new_status=maintenance")
    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "updated", "new_status": "maintenance"},
    )
    assert fresh(agent).status == "maintenance"


def test_the_status_may_be_said_in_the_body_with_its_reason(api: Api, agent: Agent) -> None:
    body = {"new_status": "busy", "reason": "backlog"}
    assert api.patch(f"/admin/agents/{agent.pk}/status", body).status_code == 200
    assert last_told(agent) == {"before": "offline", "after": "busy", "reason": "backlog"}


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", {}),
        ("?new_status=gone", {}),
        ("", {"new_status": "gone"}),
        ("?new_status=busy", {"new_status": "offline"}),
    ],
)
def test_a_status_that_is_none_is_refused(
    api: Api, agent: Agent, query: str, body: dict[str, str]
) -> None:
    answer = api.patch(f"/admin/agents/{agent.pk}/status{query}", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["new_status"])
    assert story(agent) == [(1, "agent.registered")]


def test_a_key_is_shown_once(api: Api, agent: Agent) -> None:
    answer = api.post(f"/admin/agents/{agent.pk}/keys", {"expires_in": 3600, "scopes": ["work"]})
    body = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (201, "no-store")
    assert body["key"].startswith(f"aap_{body['prefix']}_")
    assert body["expires_at"]
    listed = api.get(f"/admin/agents/{agent.pk}/keys")
    assert [row["key_id"] for row in listed.json()["keys"]] == [body["key_id"]]
    assert body["key"] not in listed.content.decode()


def test_a_key_can_be_rotated_and_revoked(api: Api, agent: Agent, agent_key: str) -> None:
    keys = f"/admin/agents/{agent.pk}/keys"
    old = AgentKey.objects.get().pk
    rotated = api.post(f"{keys}/{old}/rotate", {"overlap": 60})
    assert rotated.status_code == 201
    revoked = api.post(f"{keys}/{rotated.json()['key_id']}/revoke")
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert api.post(f"{keys}/{rotated.json()['key_id']}/rotate").status_code == 409
    assert api.post(f"{keys}/{uuid4()}/revoke").status_code == 404


@pytest.mark.parametrize(
    "body", [{"scopes": ["root"]}, {"scopes": "work"}, {"expires_in": 0}, {"expires_in": 1.5}]
)
def test_a_key_with_odd_terms_is_refused(api: Api, agent: Agent, body: dict[str, Any]) -> None:
    assert api.post(f"/admin/agents/{agent.pk}/keys", body).status_code == 400
    assert not AgentKey.objects.exists()


MAY = {
    ("post", ""): {"admin"},
    ("get", ""): {"admin", "manager"},
    ("get", "/{agent}"): {"admin", "manager"},
    ("patch", "/{agent}/status?new_status=busy"): {"admin"},
    ("get", "/{agent}/keys"): {"admin"},
    ("post", "/{agent}/keys"): {"admin"},
    ("post", "/{agent}/keys/{agent}/rotate"): {"admin"},
    ("post", "/{agent}/keys/{agent}/revoke"): {"admin"},
}


@pytest.mark.parametrize("call", MAY)
@pytest.mark.parametrize(
    "who", ["admin", "reviewer", "manager", "viewer", "stranger", "agent_key", None]
)
def test_who_may_do_what(
    request: pytest.FixtureRequest,
    client_for: ClientFor,
    agent: Agent,
    who: str | None,
    call: tuple[str, str],
) -> None:
    method, path = call
    client = client_for(request.getfixturevalue(who) if who else None)
    answer = client.send(method, f"/admin/agents{path.format(agent=agent.pk)}")
    if who is None:
        assert answer.status_code == 401
        assert answer["WWW-Authenticate"] == "Bearer"
    else:
        assert (answer.status_code != 403) == (who in MAY[call])
    assert answer.status_code < 500


def test_who_may_not_is_told_so_before_anything_is_looked_up(
    client_for: ClientFor, viewer: User
) -> None:
    assert client_for(viewer).patch("/admin/agents/none/status", b"{").status_code == 403
    assert client_for(None).patch("/admin/agents/none/status", b"{").status_code == 401


def test_a_key_covers_what_its_scopes_say(
    client_for: ClientFor, agent: Agent, operator: Actor
) -> None:
    reading = client_for(issue_key(actor=operator, agent_id=agent.pk, scopes=["read"]).secret)
    working = client_for(issue_key(actor=operator, agent_id=agent.pk, scopes=["work"]).secret)
    refused = reading.post("/worker/register", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert reading.get(f"/worker/decisions/{uuid4()}").status_code == 404
    assert working.post("/worker/register", {}).status_code == 200


def test_the_worker_api_is_for_agents_only(
    client_for: ClientFor, admin: User, agent_key: str
) -> None:
    refused = client_for(admin).post("/worker/register", {})
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert client_for(None).post("/worker/register", {}).status_code == 401
    assert client_for(agent_key).post("/worker/register", {}).status_code == 200


def test_a_revoked_key_is_refused_by_the_next_call(
    client_for: ClientFor, api: Api, agent: Agent, agent_key: str
) -> None:
    calls = client_for(agent_key)
    assert calls.post("/worker/register", {}).status_code == 200
    api.post(f"/admin/agents/{agent.pk}/keys/{AgentKey.objects.get().pk}/revoke")
    answer = calls.post("/worker/register", {})
    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
