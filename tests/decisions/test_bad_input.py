"""Bad input at every door: an answer that names the field, nothing written, and no list that breaks afterwards."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest

from agentic.models import User
from agentic.routes import api_routes
from agents.models import Agent, AgentKey
from decisions.models import PolicyDraft, ReviewPolicy, Stop, Task
from mlregistry.models import TrainingJob
from tests.conftest import Api
from tests.decisions.floor import Floor, everything, pending

ClientFor = Callable[[User | str | None], Api]
NOBODY = "01890000-0000-7000-8000-000000000000"
TOKEN = {"lease_token": NOBODY}
TASK = {"title": "t", "description": "d", "task_type": "x", "priority": "low", "payload": {}, "max_retries": 1,
        "ack_timeout": 5, "lease_seconds": 5, "required_capabilities": ["a"], "assigned_agent_id": NOBODY,
        "retry_policy": {}}  # fmt: skip
DRAFT = {"threshold": 0.5, "task_types": {}, "priorities": {}, "sample_share": 0.1, "review_seconds": 60, "note": "n",
         "budget": "share", "budget_value": 0.2, "risk_threshold": 0.4}  # fmt: skip


class Door(NamedTuple):
    """Who may knock, where, and a body that holds every field, of the right types; `needs` cannot be left out."""

    who: str
    method: str
    path: str
    body: dict[str, Any]
    needs: tuple[str, ...] = ()


DOORS = [
    Door("nobody", "post", "/auth/token", {"username": "a", "password": "b"}, ("username", "password")),
    Door("nobody", "post", "/auth/token/refresh", {"refresh_token": "a"}, ("refresh_token",)),
    Door("nobody", "post", "/auth/logout", {"refresh_token": "a"}),
    Door("admin", "post", "/decisions/task", TASK, ("title",)),
    Door("admin", "post", "/decisions/tasks", {"tasks": [TASK]}, ("tasks",)),
    Door("admin", "patch", "/decisions/task/{task}/state", {"state": "queued", "metadata": {}}, ("state",)),
    Door("admin", "post", "/decisions/task/{task}/override", {"reason": "r", "new_decision": {}, "metadata": {}},
         ("reason", "new_decision")),
    Door("admin", "post", "/decisions/task/{task}/escalate", {"reason": "r"}),
    Door("admin", "post", "/decisions/task/{task}/feedback", {"feedback_type": "user_rating", "rating": 4,
         "comment": "c"}, ("feedback_type",)),
    Door("admin", "post", "/decisions/reviews", {"reviews": [{"decision_id": NOBODY, "verdict": "approve"}]},
         ("reviews",)),
    Door("admin", "post", "/decisions/decision/{decision}/review",
         {"verdict": "edit", "reason_code": "wrong", "reason": "r", "proposal": {}, "seconds_spent": 1.5},
         ("verdict",)),
    Door("admin", "post", "/admin/agents", {"name": "n", "agent_type": "t", "capabilities": ["a"], "config": {},
         "max_concurrent_tasks": 1, "priority_level": 1}, ("name",)),
    Door("admin", "patch", "/admin/agents/{agent}/status", {"new_status": "busy", "reason": "r"}, ("new_status",)),
    Door("admin", "post", "/admin/agents/{agent}/keys", {"scopes": ["work"], "expires_in": 60}),
    Door("admin", "post", "/admin/agents/{agent}/keys/{key}/rotate", {"overlap": 5}),
    Door("admin", "post", "/admin/policies", {"threshold": 0.5, "task_types": {}, "priorities": {}, "sample_share": 0.1,
         "review_seconds": 60, "note": "n"}, ("threshold", "task_types", "priorities", "sample_share",
         "review_seconds")),
    Door("admin", "post", "/admin/policies/{policy}/activate", {}),
    Door("admin", "post", "/admin/policy-drafts", DRAFT, ("threshold", "task_types", "priorities", "sample_share",
         "review_seconds")),
    Door("admin", "patch", "/admin/policy-drafts/{draft}", DRAFT, ("threshold", "task_types", "priorities",
         "sample_share", "review_seconds")),
    Door("admin", "post", "/admin/policy-drafts/{draft}/simulate", {}),
    Door("admin", "post", "/admin/policy-drafts/{draft}/publish", {"simulated_at": "2026-01-05T08:00:00Z"},
         ("simulated_at",)),
    Door("admin", "post", "/admin/policy-drafts/{draft}/close", {}),
    Door("nobody", "post", "/auth/oidc/callback", {"code": "c", "state": "s"}, ("code", "state")),
    Door("admin", "post", "/admin/models", {"name": "n", "version": "1", "agent_id": NOBODY, "metrics": {}},
         ("name", "version", "agent_id")),
    Door("admin", "post", "/admin/training-jobs", {"model_name": "n", "agent_id": NOBODY, "config": {}, "trainer": "t",
         "seed": 1, "feedback_ids": [NOBODY]}, ("model_name",)),
    Door("admin", "post", "/admin/training-jobs/{job}/cancel", {"reason": "r"}),
    Door("admin", "post", "/admin/stops", {"scope": "task_type", "task_type": "t", "reason": "r"}, ("scope", "reason")),
    Door("admin", "post", "/admin/stops/{stop}/lift", {"reason": "r"}, ("reason",)),
    Door("agent", "post", "/worker/register", {"version": "1", "framework": "f", "capabilities": ["a"],
         "concurrency": 1}),
    Door("agent", "post", "/worker/claim", {"max_tasks": 1, "wait_seconds": 0.5, "task_types": ["x"]}),
    Door("agent", "post", "/worker/batch", {"operations": [{"op": "ack", "task_id": NOBODY, **TOKEN}]},
         ("operations",)),
    Door("agent", "post", "/worker/tasks/{task}/ack", {**TOKEN, "start": True}, ("lease_token",)),
    Door("agent", "post", "/worker/tasks/{task}/start", TOKEN, ("lease_token",)),
    Door("agent", "post", "/worker/tasks/{task}/heartbeat", {**TOKEN, "progress": 0.5, "message": "m",
         "checkpoint": {}}, ("lease_token",)),
    Door("agent", "post", "/worker/tasks/{task}/propose", {**TOKEN, "proposal": {}, "decision_type": "a",
         "confidence": 0.5, "rationale": "r", "evidence": {}}, ("lease_token", "proposal")),
    Door("agent", "post", "/worker/tasks/{task}/complete", {**TOKEN, "result": {}, "confidence": 0.5,
         "rationale": "r", "evidence": {}}, ("lease_token", "result")),
    Door("agent", "post", "/worker/tasks/{task}/fail", {**TOKEN, "error": {"type": "t", "message": "m"},
         "retryable": True}, ("lease_token", "error")),
    Door("agent", "post", "/worker/tasks/{task}/release", {**TOKEN, "reason": "r"}, ("lease_token",)),
    Door("agent", "post", "/worker/tasks/{task}/suspend", {**TOKEN, "checkpoint": {}, "until": "time",
         "resume_after": 1.5}, ("lease_token",)),
    Door("agent", "post", "/worker/sign-off", {"finishing": True}),
    Door("agent", "post", "/worker/tasks/{task}/delegate", {**TOKEN, "title": "t", "task_type": "x", "payload": {},
         "description": "d", "priority": "low", "required_capabilities": ["a"], "agent_id": NOBODY, "key": "k",
         "wait_seconds": 0.5}, ("lease_token", "title")),
]  # fmt: skip
WITHOUT_BODY = {
    "/admin/agents/{agent}/keys/{key}/revoke",
    "/admin/models/{model}/activate",
    "/admin/activation-requests/{request}/approve",
    "/admin/activation-requests/{request}/refuse",
}
# Whose body is a file.
FILES = {"/admin/models/{model}/artifact"}


def door_to(call: str) -> Door:
    return next(door for door in DOORS if door.path.endswith(f"/{call}"))


each_door = pytest.mark.parametrize("door", DOORS, ids=lambda door: f"{door.method} {door.path}")

DEEP = b'{"x": ' * 100_000 + b"1" + b"}" * 100_000
DEEP_LIST = b'{"payload": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
NO_OBJECTS = (
    b"[]",
    b"42",
    b'"x"',
    b"null",
    b"true",
    b"{",
    b"nonsense",
    b"'a'",
    b"\xff",
    b"\0",
    b"[" * 100,
)
LISTS = (
    "/decisions/tasks", "/decisions/tasks?state=queued", "/decisions/escalations", "/decisions/events",
    "/decisions/reviews", "/admin/agents", "/admin/stats",
)  # fmt: skip


class Cast:
    def __init__(self, clients: dict[str, Api], ids: Mapping[str, object]) -> None:
        self.clients, self.ids = clients, ids

    def knock(self, door: Door, body: Any, **extra: Any) -> Any:
        path = door.path.format(**self.ids)
        return self.clients[door.who].send(door.method, path, body, **extra)

    def lists_answer(self) -> None:
        for path in LISTS:
            answer = self.clients["admin"].get(path)
            assert answer.status_code == 200, path
            json.loads(answer.content)


@pytest.fixture
def cast(
    floor: Floor, client_for: ClientFor, admin: User, agent: Agent, agent_key: str
) -> Iterator[Cast]:
    """Clients for all doors, and something behind each; afterwards nothing was written and every list answers."""
    task_id, token = floor.working()
    floor.complete(task_id, token)
    ids = {
        "task": task_id,
        "decision": pending(task_id).pk,
        "agent": agent.pk,
        "key": AgentKey.objects.get().pk,
        "draft": PolicyDraft.objects.create(
            rules={**DRAFT}, created_by=User.objects.get(username="ada")
        ).pk,
        "policy": ReviewPolicy.objects.values_list("version", flat=True).first(),
        "stop": Stop.objects.create(scope="task_type", task_type="another", reason="a test").pk,
        "job": TrainingJob.objects.create(model_name="another").pk,
    }
    clients = {
        "admin": client_for(admin),
        "agent": client_for(agent_key),
        "nobody": client_for(None),
    }
    before = everything()
    cast = Cast(clients, ids)
    yield cast
    assert everything() == before
    cast.lists_answer()


def refused(answer: Any, *fields: str, status: int = 400) -> None:
    """By a problem that names one of these fields, whichever."""
    assert answer.status_code == status, answer.content[:300]
    assert answer["Content-Type"] == "application/problem+json"
    problem = json.loads(answer.content)
    assert problem["status"] == status
    if fields:
        named = {name.split(".")[0].split("[")[0] for name in problem["errors"]}
        assert named & set(fields), problem


def test_it_knocks_at_every_door_that_takes_a_body() -> None:
    known = {(door.method.upper(), shape_of(f"/api/v1{door.path}")) for door in DOORS}
    known |= {("POST", shape_of(f"/api/v1{path}")) for path in WITHOUT_BODY}
    known |= {("PUT", shape_of(f"/api/v1{path}")) for path in FILES}
    routes = {
        (route.method, shape_of(route.path)) for route in api_routes() if route.method != "GET"
    }
    assert routes == known


def shape_of(path: str) -> str:
    """With the same sign for each id."""
    return "/".join("*" if part[:1] in "<{" and part else part for part in path.split("/"))


@each_door
def test_what_is_no_object_is_refused(cast: Cast, door: Door) -> None:
    for raw in NO_OBJECTS:
        refused(cast.knock(door, raw), "body")
    refused(cast.knock(door, b"{}{}"), "body", *door.needs)


@each_door
def test_an_unknown_field_is_named(cast: Cast, door: Door) -> None:
    refused(cast.knock(door, {**door.body, "surprise": 1}), "surprise")
    refused(cast.knock(door, {**door.body, "id": NOBODY}), "id")


@each_door
def test_a_missing_field_is_named(cast: Cast, door: Door) -> None:
    for field in door.needs:
        refused(cast.knock(door, {k: v for k, v in door.body.items() if k != field}), field)
    if door.needs:
        refused(cast.knock(door, b""), *door.needs)


WRONG: tuple[Any, ...] = (7.5, "odd\n one", [], {}, True, ["x", 1], {"a": 1}, [[]], -1)


@each_door
def test_a_field_of_another_type_is_named(cast: Cast, door: Door) -> None:
    for field, good in door.body.items():
        for wrong in WRONG:
            if not fits(good, wrong):
                refused(cast.knock(door, {**door.body, field: wrong}), field)


def fits(good: Any, wrong: Any) -> bool:
    """Whether the odd value may be a good one for this field after all."""
    if isinstance(good, bool) or isinstance(wrong, bool):
        return type(good) is type(wrong)
    if isinstance(good, float):
        return isinstance(wrong, float | int)
    if isinstance(good, list):
        return isinstance(wrong, list)
    return type(good) is type(wrong)


@each_door
def test_text_that_nobody_can_keep_is_named(cast: Cast, door: Door) -> None:
    texts = [field for field, good in door.body.items() if isinstance(good, str)]
    for field in texts:
        for odd in (r"a\u0000b", r"\ud800", r"x\udfff", r"\udc00\ud800", r"\\\ud83d!"):
            raw = json.dumps({**door.body, field: "@"}).replace('"@"', f'"{odd}"')
            refused(cast.knock(door, raw.encode()), field)


@each_door
def test_odd_text_deep_inside_an_object_is_named(cast: Cast, door: Door) -> None:
    objects = [field for field, good in door.body.items() if isinstance(good, dict)]
    for field in objects:
        for odd in (
            r'{"a": [{"b": "\u0000"}]}',
            r'{"\u0000": 1}',
            r'{"a": "\ud800"}',
            r'{"\\\udfff": 1}',
        ):
            raw = json.dumps({**door.body, field: "@"}).replace('"@"', odd)
            refused(cast.knock(door, raw.encode()), field)


@each_door
def test_endless_nesting_is_refused(cast: Cast, door: Door) -> None:
    refused(cast.knock(door, DEEP), "x", "body")
    refused(cast.knock(door, DEEP_LIST), "payload", "body")
    refused(cast.knock(door, b"[" * 500_000), "body")


@each_door
def test_a_body_of_ten_megabytes_is_too_large(cast: Cast, door: Door) -> None:
    refused(cast.knock(door, b'{"title": "' + b"x" * 10_000_000 + b'"}'), status=413)


@each_door
def test_another_content_type_is_unsupported(cast: Cast, door: Door) -> None:
    for kind in (
        "text/plain",
        "application/xml",
        "multipart/form-data; boundary=x",
        "",
        "nonsense",
    ):
        answer = cast.knock(door, json.dumps(door.body), content_type=kind)
        assert answer.status_code in {400, 415}, (kind, answer.content[:200])
        assert answer["Content-Type"] == "application/problem+json"


@each_door
def test_an_endless_number_is_named(cast: Cast, door: Door) -> None:
    for field, good in door.body.items():
        if isinstance(good, int | float) and not isinstance(good, bool):
            for digits in ("9" * 40, "-" + "9" * 40, "1e400", "1" * 5000, "NaN"):
                raw = json.dumps({**door.body, field: "@"}).replace('"@"', digits)
                refused(cast.knock(door, raw.encode()), field, "body")


WHOLE = ("9" * 19, "-" + "9" * 19, "9" * 40, "-" + "9" * 40, "9" * 5000)
FLOATS = (
    "1e30",
    "-1e300",
    "1E+20",
    "1.7e308",
    "1e22",
    "1.5e19",
    "1e-400",
    "-0.0",
    "0.1",
    "12345678901234567890.0",
)


@each_door
def test_a_whole_number_that_readers_cannot_hold_is_named(cast: Cast, door: Door) -> None:
    for field in (field for field, good in door.body.items() if isinstance(good, dict)):
        for digits in (*WHOLE, "1e400"):
            raw = json.dumps({**door.body, field: "@"}).replace('"@"', '{"n": [%s]}' % digits)  # noqa: UP031
            refused(cast.knock(door, raw.encode()), field, "body")


@pytest.mark.parametrize("digits", FLOATS)
def test_a_large_number_is_read_back_by_every_list(
    floor: Floor, client_for: ClientFor, admin: User, agent_key: str, digits: str
) -> None:
    boss, worker, odd = client_for(admin), client_for(agent_key), {"n": "@", "m": [{"n": "@"}]}

    def say(client: Api, path: str, **body: Any) -> Any:
        answer = client.post(path, json.dumps(body).replace('"@"', digits).encode())
        assert answer.status_code in {200, 201}, answer.content[:300]
        return json.loads(answer.content)

    task = say(boss, "/decisions/task", title="t", payload=odd)
    (taken,) = say(worker, "/worker/claim", wait_seconds=0)["tasks"]
    path, token = f"/worker/tasks/{task['id']}", taken["lease_token"]
    say(worker, f"{path}/ack", lease_token=token, start=True)
    say(worker, f"{path}/heartbeat", lease_token=token, checkpoint=odd)
    say(worker, f"{path}/propose", lease_token=token, proposal=odd, evidence=odd)
    say(worker, f"{path}/propose", lease_token=token, proposal=odd, evidence=odd)
    child = say(worker, f"{path}/delegate", lease_token=token, title="c", payload=odd)
    say(worker, f"{path}/suspend", lease_token=token, checkpoint=odd)
    Task.objects.filter(pk=task["id"]).update(due_at=None)
    (taken,) = say(worker, "/worker/claim", wait_seconds=0)["tasks"]
    say(worker, f"{path}/ack", lease_token=taken["lease_token"], start=True)
    say(worker, f"{path}/complete", lease_token=taken["lease_token"], result=odd)
    assert say(worker, f"{path}/complete", lease_token=taken["lease_token"], result=odd)["outcome"]
    say(
        boss,
        f"/decisions/task/{child['task_id']}/override",
        reason="r",
        new_decision=odd,
        metadata=odd,
    )
    say(boss, "/admin/agents", name="other", config=odd)
    for path in (*LISTS, f"/decisions/task/{task['id']}", f"/decisions/task/{child['task_id']}"):
        assert boss.get(path).status_code == 200, path


def test_a_large_object_is_named(cast: Cast) -> None:
    large = {"payload": {"x": "y" * 70_000}}
    refused(cast.knock(door_to("task"), {**TASK, **large}), "payload")
    refused(cast.knock(door_to("tasks"), {"tasks": [{**TASK, **large}]}), "tasks")


FIELDS: list[tuple[str, str, Any]] = [
    ("task", "title", ""),
    ("task", "title", "x" * 201),
    ("task", "task_type", "two words"),
    ("task", "task_type", "line\n"),
    ("task", "required_capabilities", ["a\n"]),
    ("task", "priority", "urgent"),
    ("task", "priority", 3),
    ("task", "assigned_agent_id", NOBODY),
    ("task", "assigned_agent_id", "not-an-id"),
    ("task", "max_retries", 10**6),
    ("task", "ack_timeout", 0),
    ("task", "lease_seconds", 10**9),
    ("task", "retry_policy", {"backoff_coefficient": 0}),
    ("task", "retry_policy", {"surprise": 1}),
    ("tasks", "tasks", []),
    ("tasks", "tasks", [TASK] * 501),
    ("state", "state", "somewhere"),
    ("override", "reason", ""),
    ("reviews", "reviews", []),
    ("review", "verdict", "override"),
    ("review", "seconds_spent", -1),
    ("agents", "name", " "),
    ("agents", "name", "reader\n"),
    ("agents", "capabilities", ["a", "b c"]),
    ("agents", "max_concurrent_tasks", 0),
    ("policies", "threshold", 1.5),
    ("policies", "task_types", {"a": "high"}),
    ("policies", "priorities", {"urgent": 0.5}),
    ("policies", "sample_share", -0.1),
    ("policies", "review_seconds", 0),
    ("policy-drafts", "budget", "hours"),
    ("policy-drafts", "budget_value", 0),
    ("policy-drafts", "budget_value", None),
    ("policy-drafts", "risk_threshold", 1.5),
    ("policy-drafts", "sample_share", -0.1),
    ("status", "new_status", "asleep"),
    ("keys", "scopes", ["everything"]),
    ("keys", "expires_in", 1),
    ("claim", "max_tasks", 0),
    ("claim", "max_tasks", 101),
    ("claim", "wait_seconds", 51),
    ("claim", "wait_seconds", -1),
    ("batch", "operations", []),
    ("batch", "operations", [{"op": "explode", "task_id": NOBODY, **TOKEN}]),
    ("batch", "operations", [{"task_id": NOBODY, **TOKEN}]),
    ("batch", "operations", [{"op": "ack", **TOKEN}]),
    ("ack", "lease_token", "nope"),
    ("heartbeat", "progress", 1.5),
    ("propose", "confidence", -0.1),
    ("complete", "confidence", 2),
    ("fail", "error", {"message": "no type"}),
    ("suspend", "until", "doomsday"),
    ("suspend", "resume_after", -5),
    ("delegate", "agent_id", "x"),
    ("delegate", "key", ""),
]


@pytest.mark.parametrize(("call", "field", "value"), FIELDS)
def test_a_value_out_of_bounds_is_named(cast: Cast, call: str, field: str, value: Any) -> None:
    door = door_to(call)
    refused(cast.knock(door, {**door.body, field: value}), field)


METADATA: list[tuple[str, dict[str, Any]]] = [
    ("queued", {"reason": 5}),
    ("queued", {"reason": "x" * 10_001}),
    ("queued", {"reason": {"a": 1}}),
    ("escalated", {"reason": []}),
]


@pytest.mark.parametrize(("state", "metadata"), METADATA)
def test_odd_metadata_is_named(cast: Cast, state: str, metadata: dict[str, Any]) -> None:
    refused(cast.knock(door_to("state"), {"state": state, "metadata": metadata}), "metadata")


@pytest.mark.parametrize(
    ("old", "new", "metadata"),
    [
        ("in_progress", "completed", {"result": []}),
        ("in_progress", "failed", {"error": "x"}),
        ("in_progress", "failed", {"error": {"type": {}}}),
        ("in_progress", "cancelled", {"reason": 1}),
        ("escalated", "assigned", {"agent_id": "nope"}),
        ("escalated", "assigned", {"agent_id": 7}),
        ("escalated", "assigned", {"agent_id": {}}),
        ("escalated", "assigned", {"agent_id": NOBODY}),
    ],
)
def test_odd_metadata_of_a_move_is_named(
    floor: Floor, client_for: ClientFor, admin: User, old: str, new: str, metadata: dict[str, Any]
) -> None:
    task_id, _ = floor.bring_to(old)
    before = everything()
    body = {"state": new, "metadata": metadata}
    refused(client_for(admin).patch(f"/decisions/task/{task_id}/state", body), "metadata")
    assert everything() == before


ODD_IDS = (
    "nope",
    "1",
    "-1",
    NOBODY,
    "%00",
    "%ED%A0%80",
    "..%2F..",
    "x" * 3000,
    "9" * 40,
    "%F0%9F%98%80",
    "'",
    "{}",
)
WITH_ID = [
    # Versions of the policy are numbers: theirs are tried beside them.
    *sorted(
        {
            (door.who, door.method, door.path)
            for door in DOORS
            if "{" in door.path and "{policy}" not in door.path
        }
    ),
    ("admin", "get", "/decisions/task/{task}"),
    ("admin", "get", "/admin/agents/{agent}"),
    ("admin", "get", "/admin/agents/{agent}/calibration"),
    ("admin", "get", "/admin/agents/{agent}/keys"),
    ("admin", "post", "/admin/agents/{agent}/keys/{key}/revoke"),
    ("agent", "get", "/worker/decisions/{decision}"),
]


@pytest.mark.parametrize(("who", "method", "path"), WITH_ID)
def test_what_is_no_id_is_not_there(cast: Cast, who: str, method: str, path: str) -> None:
    body = next((door.body for door in DOORS if (door.method, door.path) == (method, path)), None)
    for odd in ODD_IDS:
        at = path.format(**dict.fromkeys(cast.ids, odd))
        client = cast.clients[who]
        answer = client.get(at) if method == "get" else client.send(method, at, body)
        refused(answer, status=404)


QUERIES = [
    ("admin", "/decisions/tasks", {"limit", "offset", "state", "cursor"}),
    ("admin", "/decisions/events", {"limit", "after", "entity_type", "entity_id"}),
    ("admin", "/decisions/escalations", {"limit", "cursor"}),
    ("admin", "/decisions/reviews", {"limit"}),
    ("admin", "/admin/agents", {"limit", "status"}),
    ("agent", "/worker/decisions/{decision}", {"wait"}),
]
ODD_VALUES = (
    "-1",
    "9" * 40,
    "1e3",
    "0x10",
    "1.5",
    "\0",
    "\ud7ff",
    "٣",
    "1_000",
    "+1",
    "x" * 5000,
    "' OR 1=1",
    "😀",
)


@pytest.mark.parametrize(("who", "path", "names"), QUERIES)
def test_an_odd_question_is_named(cast: Cast, who: str, path: str, names: set[str]) -> None:
    for name in sorted(names):
        for value in ODD_VALUES:
            answer = cast.clients[who].get(path.format(**cast.ids), **{name: value})
            refused(answer, name)


@pytest.mark.parametrize("path", ["/decisions/tasks", "/decisions/escalations"])
def test_a_cursor_of_nowhere_is_named(cast: Cast, path: str) -> None:
    for odd in ("AAAA", "A" * 32, "=" * 8, "_" * 32, "f" * 33, "YWJj", "A" * 31 + "=", "é" * 8):
        answer = cast.clients["admin"].get(path, cursor=odd)
        if answer.status_code != 200:  # a made-up place that could be one
            refused(answer, "cursor")


def test_an_odd_agent_cursor_is_a_name_like_any_other(cast: Cast) -> None:
    assert cast.clients["admin"].get("/admin/agents", cursor="zz' --").status_code == 200
    refused(cast.clients["admin"].get("/admin/agents", cursor="a\0"), "cursor")
    refused(cast.clients["admin"].get("/admin/agents", cursor="x" * 5000), "cursor")


def test_an_odd_reason_in_the_address_is_named(cast: Cast) -> None:
    for odd in ("%00", "x" * 10_001):
        path = f"/decisions/task/{cast.ids['task']}/escalate?reason={odd}"
        refused(cast.clients["admin"].post(path), "reason")


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_another_method_is_not_allowed(cast: Cast, method: str) -> None:
    refused(cast.clients["admin"].send(method, "/decisions/task", TASK), status=405)


@pytest.mark.parametrize(
    "bearer", ["x", "aap_x", "aap_" + "y" * 5000, "a.b.c", "é", "aap_é", "eyJhbGciOiJub25lIn0.e30."]
)
def test_an_odd_token_is_not_signed_in(client_for: ClientFor, bearer: str) -> None:
    refused(client_for(bearer).get("/decisions/tasks"), status=401)
    refused(client_for(bearer).post("/worker/claim", {}), status=401)


def test_there_is_nothing_at_an_unknown_address(cast: Cast) -> None:
    for path in ("/decisions/nothing", "/decisions/task/", "/", "//", "/worker/tasks//ack", "/%00"):
        refused(cast.clients["admin"].get(path), status=404)
