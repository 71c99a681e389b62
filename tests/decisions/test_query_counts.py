"""As many queries for ten rows as for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentic.models import User
from decisions import policy
from mlregistry.live_models import LIVE_MODELS
from tests.conftest import Api
from tests.decisions.floor import Floor, activate_policy, pending
from tests.decisions.test_risk_in_use import go_live

ClientFor = Callable[[User | str | None], Api]


@pytest.fixture(autouse=True)
def unhurried(settings: Any) -> None:
    """An agent that was heard of stays fresh, however slowly the test runs."""
    settings.AGENT_HEARTBEAT_SECONDS = settings.AGENT_SILENT_SECONDS = 10_000


@pytest.fixture
def boss(client_for: ClientFor, admin: User) -> Api:
    return client_for(admin)


def queries(call: Callable[[], Any], rows: int) -> int:
    """How many queries the call takes; it answers with so many rows."""
    policy.active.forget()
    for live in LIVE_MODELS:
        live.forget()
    with CaptureQueriesContext(connection) as captured:
        answer = call()
    assert answer.status_code == 200, answer.json()
    lists = [value for value in answer.json().values() if isinstance(value, list)]
    assert [len(value) for value in lists] == [rows]
    return len(captured)


def waiting(floor: Floor) -> UUID:
    """A task whose result waits for a person."""
    task_id, token = floor.working()
    floor.complete(task_id, token)
    return task_id


LISTS: dict[str, tuple[str, Callable[[Floor], Any], dict[str, Any]]] = {
    "tasks": ("/decisions/tasks", lambda floor: floor.queue(), {}),
    "tasks by state": ("/decisions/tasks", lambda floor: floor.queue(), {"state": "queued"}),
    "escalations": ("/decisions/escalations", lambda floor: floor.bring_to("escalated"), {}),
    "reviews": ("/decisions/reviews", waiting, {}),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_ten_takes_no_more_queries_than_one(floor: Floor, boss: Api, name: str) -> None:
    path, add, query = LISTS[name]
    add(floor)
    one = queries(lambda: boss.get(path, **query), 1)
    for _ in range(9):
        add(floor)
    assert queries(lambda: boss.get(path, **query), 10) == one


def test_ten_events_take_no_more_queries_than_one(floor: Floor, boss: Api) -> None:
    for _ in range(10):
        floor.queue()
    one = queries(lambda: boss.get("/decisions/events", limit=1), 1)
    assert queries(lambda: boss.get("/decisions/events", limit=10), 10) == one


def test_ten_agents_take_no_more_queries_than_one(floor: Floor, boss: Api) -> None:
    one = queries(lambda: boss.get("/admin/agents"), 1)
    for number in range(9):
        floor.hire(f"agent {number}")
    assert queries(lambda: boss.get("/admin/agents"), 10) == one


IN_ONE_STATEMENT = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite writes row by row"
)


@pytest.fixture
def roomy(floor: Floor, client_for: ClientFor) -> tuple[Floor, Api]:
    """An agent that can hold a lot."""
    agent = floor.hire("roomy", "digits", at_once=100)
    return agent, client_for(agent.key)


@IN_ONE_STATEMENT
def test_a_claim_of_ten_takes_no_more_queries_than_one(
    floor: Floor, roomy: tuple[Floor, Api]
) -> None:
    agent, worker = roomy
    asked = {"max_tasks": 10, "wait_seconds": 0}

    def claim(rows: int) -> int:
        with agent.away():
            ids = [floor.queue() for _ in range(rows)]
        taken = queries(lambda: worker.post("/worker/claim", asked), rows)
        for task_id in ids:
            floor.override(task_id)
        return taken

    claim(1)
    assert claim(1) == claim(10)


@IN_ONE_STATEMENT
@pytest.mark.parametrize("verdict", ["approve", "reject"])
def test_ten_verdicts_take_no_more_queries_than_one(floor: Floor, boss: Api, verdict: str) -> None:
    code = {"reason_code": "wrong"} if verdict == "reject" else {}

    def decide(rows: int) -> int:
        decisions = [pending(waiting(floor)).pk for _ in range(rows)]
        asked = [{"decision_id": str(pk), "verdict": verdict, **code} for pk in decisions]
        return queries(lambda: boss.post("/decisions/reviews", {"reviews": asked}), rows)

    decide(1)
    assert decide(1) == decide(10)


@IN_ONE_STATEMENT
def test_a_batch_of_ten_takes_no_more_queries_than_one(
    floor: Floor, roomy: tuple[Floor, Api]
) -> None:
    activate_policy(threshold=0.5)
    agent, worker = roomy

    def work(rows: int) -> int:
        held = [agent.working() for _ in range(rows)]
        said = {"op": "complete", "result": {"label": 1}, "confidence": 0.9}
        asked = [{**said, "task_id": str(pk), "lease_token": str(token)} for pk, token in held]
        return queries(lambda: worker.post("/worker/batch", {"operations": asked}), rows)

    work(1)
    assert work(1) == work(10)


@IN_ONE_STATEMENT
def test_scored_by_a_model_a_batch_takes_no_more_queries_either(
    floor: Floor, roomy: tuple[Floor, Api]
) -> None:
    go_live()
    test_a_batch_of_ten_takes_no_more_queries_than_one(floor, roomy)
