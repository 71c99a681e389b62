"""Each administrative act of the API is one audit, with before and after; a refused one is none but the refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentic import refusals
from agentic.actors import Actor
from agentic.audits import list_audits
from agentic.models import Audit, User
from agentic.routes import api_routes
from agents.models import Agent, AgentKey
from agents.services import change_agent
from decisions.models import ReviewPolicy
from decisions.services.policies import activate_policy, publish_policy
from tests.agentic.chains import fault
from tests.conftest import Api
from tests.decisions.floor import Floor
from tests.decisions.test_policies import RULES

ClientFor = Callable[[User | str | None], Api]
TASK, AGENT = "/decisions/task/{task}", "/admin/agents/{agent}"
NEW_AGENT = {"name": "new", "capabilities": ["a"], "config": {"password": "hidden"}}
RESULT = {"label": 3}


class Act(NamedTuple):
    """A call, and what the log then says of it. `brings` is the state in which its task has to be."""

    method: str
    path: str
    body: dict[str, Any]
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any]
    reason: str = ""
    brings: str = "queued"


ACTS = {
    "register": Act(
        "post", "/admin/agents", NEW_AGENT, "agent.registered", None,
        {"name": "new", "capabilities": ["a"], "config": ["password"], "status": "offline"},
    ),
    "set status": Act(
        "patch", f"{AGENT}/status?new_status=maintenance", {"reason": "oil"}, "agent.status_set",
        {"status": "available"}, {"status": "maintenance"}, "oil",
    ),
    "issue key": Act(
        "post", f"{AGENT}/keys", {"scopes": ["read"]}, "agent.key_issued", None, {"scopes": ["read"]}
    ),
    "rotate key": Act(
        "post", f"{AGENT}/keys/{{key}}/rotate", {}, "agent.key_rotated", {"expires_at": None}, {"replaces": "{key}"}
    ),
    "revoke key": Act(
        "post", f"{AGENT}/keys/{{key}}/revoke", {}, "agent.key_revoked", {"key_id": "{key}"}, {"key_id": "{key}"}
    ),
    "draft": Act("post", "/admin/policy-drafts", RULES, "policy.drafted", None, RULES),
    "propose": Act("post", "/admin/policies", RULES, "policy.drafted", None, RULES),
    "cancel": Act(
        "patch", f"{TASK}/state", {"state": "cancelled", "metadata": {"reason": "no use"}}, "task.moved",
        {"state": "queued"}, {"state": "cancelled"}, "no use",
    ),
    "requeue": Act(
        "patch", f"{TASK}/state", {"state": "queued"}, "task.moved",
        {"state": "in_progress", "assigned_agent_id": "{agent}"}, {"state": "queued", "assigned_agent_id": None},
        brings="in_progress",
    ),
    "verify": Act(
        "patch", f"{TASK}/state", {"state": "verified"}, "task.moved", {"state": "completed"}, {"state": "verified"},
        brings="completed",
    ),
    "override": Act(
        "post", f"{TASK}/override", {"reason": "it is a 3", "new_decision": RESULT}, "task.overridden",
        {"state": "completed", "result": {"label": 7}}, {"state": "verified", "result": RESULT}, "it is a 3",
        brings="completed",
    ),
    "escalate": Act(
        "post", f"{TASK}/escalate?reason=odd", {}, "task.escalated", {"state": "queued"}, {"state": "escalated"}, "odd"
    ),
    "escalate by state": Act(
        "patch", f"{TASK}/state", {"state": "escalated", "metadata": {"reason": "odd"}}, "task.escalated",
        {"state": "queued"}, {"state": "escalated"}, "odd",
    ),
}  # fmt: skip
# Audited too, as the tests beside their services show.
ELSEWHERE = {
    "/admin/models", "/admin/activation-requests/", "/admin/training-jobs", "/admin/stops", "/admin/policies/",
    "/admin/policy-drafts/",
}  # fmt: skip
# The work itself: in the event store, with who did it.
WORK = {
    "/decisions/task",
    "/decisions/tasks",
    "/decisions/reviews",
    "/decisions/task/<str:task_id>/feedback",
    "/decisions/decision/<str:decision_id>/review",
}


@pytest.fixture
def boss(client_for: ClientFor, admin: User) -> Api:
    return client_for(admin)


@pytest.fixture
def names(floor: Floor) -> dict[str, Any]:
    floor.appear()
    return {"agent": floor.agent.pk, "key": AgentKey.objects.get().pk}


@pytest.fixture(autouse=True)
def gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody was refused before."""
    monkeypatch.setattr(refusals, "gate", refusals.Gate())


def carry_out(act: Act, caller: Api, names: dict[str, Any]) -> Any:
    return getattr(caller, act.method)(act.path.format(**names), act.body)


def list_all() -> list[dict[str, Any]]:
    return list_audits(limit=100, before=2**62)


def newest() -> dict[str, Any]:
    return list_all()[0]


def covers(said: Any, expected: Any, names: dict[str, Any]) -> None:
    """What is expected is said, whatever else is said beside it."""
    if expected is None:
        assert said is None
        return
    wanted = {k: v.format(**names) if isinstance(v, str) else v for k, v in expected.items()}
    assert {name: said.get(name, "nothing") for name in wanted} == wanted


@pytest.mark.parametrize("name", ACTS)
def test_an_act_is_one_audit_with_before_and_after(
    floor: Floor, boss: Api, names: dict[str, Any], admin: User, name: str
) -> None:
    act = ACTS[name]
    names["task"], _ = floor.bring_to(act.brings) if act.brings != "queued" else (floor.queue(), 0)
    count = Audit.objects.count()
    answer = carry_out(act, boss, names)
    assert answer.status_code < 300, answer.json()
    assert Audit.objects.count() == count + 1
    audit = newest()
    assert (audit["action"], audit["reason"], audit["user_id"]) == (
        act.action,
        act.reason,
        admin.pk,
    )
    assert (audit["source"], audit["ip"]) == ("api", "127.0.0.1")
    covers(audit["details"]["before"], act.before, names)
    covers(audit["details"]["after"], act.after, names)
    assert "hidden" not in str(audit)
    assert fault() is None


@pytest.mark.parametrize("name", ACTS)
def test_a_refused_act_is_a_refusal_and_nothing_else(
    floor: Floor, client_for: ClientFor, viewer: User, names: dict[str, Any], name: str
) -> None:
    names["task"] = floor.queue()
    caller = client_for(viewer)
    count = Audit.objects.count()
    assert carry_out(ACTS[name], caller, names).status_code == 403
    assert Audit.objects.count() == count + 1
    assert (newest()["action"], newest()["user_id"]) == ("access.refused", viewer.pk)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("post", "/admin/agents", {"name": "reader"}),
        ("patch", f"{AGENT}/status", {"new_status": "available"}),
        ("post", "/admin/policies", RULES | {"threshold": 7}),
        ("patch", f"{TASK}/state", {"state": "acked"}),
        ("patch", f"{TASK}/state", {"state": "assigned", "metadata": {"agent_id": "x"}}),
        ("post", f"{TASK}/override", {"reason": "", "new_decision": {}}),
    ],
)
def test_what_cannot_be_done_leaves_none(
    floor: Floor, boss: Api, names: dict[str, Any], method: str, path: str, body: Any
) -> None:
    names["task"] = floor.queue()
    count = Audit.objects.count()
    answer = getattr(boss, method)(path.format(**names), body)
    assert answer.status_code in {200, 400, 409}
    assert Audit.objects.count() == count


def test_to_activate_an_older_policy_is_audited_once(operator: Actor, alone: None) -> None:
    first = ReviewPolicy.objects.get(is_active=True).version
    publish_policy(actor=operator, **RULES)
    for _ in range(2):
        activate_policy(actor=operator, version=first)
    story = [(row["action"], row["details"]["after"]["version"]) for row in list_all()]
    assert story == [("policy.activated", first), ("policy.published", first + 1)]


def test_a_change_of_an_agent_is_audited_without_what_its_config_holds(
    agent: Agent, operator: Actor
) -> None:
    values = {"priority_level": 7, "config": {"password": "hidden"}}
    for _ in range(2):
        change_agent(actor=operator, agent_id=agent.pk, values=values)
    changed, registered = list_all()
    assert (changed["action"], registered["action"]) == ("agent.changed", "agent.registered")
    after = {"priority_level": 7, "config": {"changed": ["password"]}}
    assert changed["details"] == {"before": {"priority_level": 0}, "after": after}


def test_every_act_of_the_api_is_among_these() -> None:
    """A new way to change something has to say how it is audited."""
    changing = {r.path.removeprefix("/api/v1") for r in api_routes() if r.method != "GET"}
    mine = {path for path in changing if path.startswith(("/admin/", "/decisions/"))}
    acts = {act.path.partition("?")[0] for act in ACTS.values()}
    plain = {path.replace("<str:", "{").replace("_id>", "}") for path in mine - WORK}
    left = {path for path in plain - acts if not path.startswith(tuple(ELSEWHERE))}
    assert left == set()


def test_a_rule_about_the_thing_itself_tells_why(floor: Floor, boss: Api) -> None:
    task_id, _ = floor.bring_to("completed", priority="critical")
    answer = boss.post(
        f"/decisions/task/{task_id}/override", {"reason": "x", "new_decision": {"a": 1}}
    )
    assert answer.status_code == 403
    audit = newest()
    assert (audit["action"], audit["details"]["rule"]) == ("access.refused", "tasks.override")
    assert audit["reason"].startswith("You created this task")


def test_one_that_is_refused_among_many_verdicts_is_written_down(floor: Floor, boss: Api) -> None:
    task_id, token = floor.working(priority="critical")
    decision = floor.complete(task_id, token)["decision_id"]
    said = {"reviews": [{"decision_id": str(decision), "verdict": "approve"}]}
    answer = boss.post("/decisions/reviews", said)
    assert [one["status"] for one in answer.json()["results"]] == [403]
    assert newest()["details"]["rule"] == "reviews.decide"


def test_an_audit_costs_a_handful_of_queries(floor: Floor, boss: Api) -> None:
    """The head, its time, the row, the head again, and the marks of a transaction."""
    task_id = floor.queue()
    with CaptureQueriesContext(connection) as captured:
        boss.post(f"/decisions/task/{task_id}/escalate?reason=odd")
    about = [query["sql"] for query in captured if "audit" in query["sql"]]
    assert len(about) == 3
