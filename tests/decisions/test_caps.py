"""What one agent may have: so many tasks at once, and so many decisions for people in an hour."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentic.clock import Now
from agentic.errors import Conflict
from agentic.models import Audit, User
from agents.models import Agent, AgentStatus
from agents.services import change_agent, set_status
from decisions.models import Decision
from decisions.services import review_load
from decisions.services.review_load import AgentPaused
from tests.agents.helpers import last_told
from tests.conftest import Api
from tests.decisions.floor import Floor, activate_policy, sound, state_of

ClientFor = Callable[[User | str | None], Api]
BECAUSE = "more than 3 decisions for people in an hour"


@pytest.fixture(autouse=True)
def followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows a commit follows at once, as the test itself never commits; and nobody has counted yet."""
    at_once = SimpleNamespace(on_commit=lambda call, robust: call())
    monkeypatch.setattr(review_load, "transaction", at_once)
    monkeypatch.setattr(review_load, "uncounted", review_load.Uncounted())


def limit(floor: Floor, **values: int) -> None:
    change_agent(actor=floor.operator, agent_id=floor.agent.pk, values=values)


def agent_of(floor: Floor) -> Agent:
    return Agent.objects.get(pk=floor.agent.pk)


def working(floor: Floor) -> tuple[UUID, UUID]:
    """A task in the agent's hands, without an operator's word about the agent."""
    floor.appear()
    task_id = floor.create(required_capabilities=["digits"])
    token = floor.take(task_id)
    floor.ack(task_id, token, start=True)
    return task_id, token


def hand_in(floor: Floor, times: int) -> None:
    for _ in range(times):
        floor.complete(*working(floor))


def test_an_agent_holds_no_more_than_its_limit(floor: Floor) -> None:
    limit(floor, max_concurrent_tasks=2)
    floor.appear()
    pushed = [floor.create() for _ in range(3)]
    assert sorted(map(state_of, pushed)) == ["assigned", "assigned", "queued"]
    assert len(floor.claim(100)) == 2
    escalated = floor.queue()
    floor.escalate(escalated)
    with pytest.raises(Conflict):
        floor.patch(escalated, "assigned", agent_id=str(floor.agent.pk))


def test_an_agent_that_floods_people_is_paused(floor: Floor) -> None:
    limit(floor, max_decisions_per_hour=3)
    hand_in(floor, 3)
    assert (agent_of(floor).status, agent_of(floor).paused_because) == ("available", "")
    hand_in(floor, 1)
    assert (agent_of(floor).status, agent_of(floor).paused_because) == ("maintenance", BECAUSE)
    told = {"before": "available", "after": "maintenance", "reason": BECAUSE}
    assert last_told(floor.agent) == told
    audit = Audit.objects.get(action="agent.paused")
    assert (audit.actor_kind, audit.reason, audit.entity_id) == (
        "system",
        BECAUSE,
        str(floor.agent.pk),
    )


def test_a_paused_agent_finishes_what_it_holds_and_gets_no_more(floor: Floor) -> None:
    limit(floor, max_decisions_per_hour=3)
    held, token = working(floor)
    hand_in(floor, 4)
    floor.complete(held, token)
    sound(held)
    other = floor.create()
    assert (state_of(held), state_of(other), floor.claim()) == ("completed", "queued", [])
    assert Audit.objects.filter(action="agent.paused").count() == 1


def test_proposals_count_and_a_paused_agent_makes_no_more_of_them(floor: Floor) -> None:
    limit(floor, max_decisions_per_hour=3)
    task_id, token = working(floor)
    for number in range(4):
        floor.propose(task_id, token, proposal={"n": number})
    with pytest.raises(AgentPaused, match=BECAUSE):
        floor.propose(task_id, token, proposal={"n": 5})
    assert floor.propose(task_id, token, proposal={"n": 1})["status"] == "pending"
    assert Decision.objects.count() == 4


def test_what_no_person_looks_at_does_not_count(floor: Floor) -> None:
    activate_policy(threshold=0)
    limit(floor, max_decisions_per_hour=1)
    for _ in range(3):
        task_id, token = working(floor)
        floor.complete(task_id, token, confidence=1.0)
    assert agent_of(floor).status == "available"


def test_what_lies_an_hour_back_does_not_count(floor: Floor) -> None:
    limit(floor, max_decisions_per_hour=3)
    hand_in(floor, 3)
    Decision.objects.update(created_at=Now() - timedelta(seconds=3601))
    hand_in(floor, 3)
    assert agent_of(floor).status == "available"


def test_an_operator_puts_it_back_and_the_hour_begins_anew(floor: Floor) -> None:
    limit(floor, max_decisions_per_hour=3)
    hand_in(floor, 4)
    set_status(actor=floor.operator, agent_id=floor.agent.pk, status=AgentStatus.AVAILABLE)
    assert agent_of(floor).paused_because == ""
    task_id, token = working(floor)
    for number in range(3):
        floor.propose(task_id, token, proposal={"n": number})
    assert agent_of(floor).status == "available"
    floor.propose(task_id, token, proposal={"n": 4})
    assert agent_of(floor).paused_because == BECAUSE


def test_a_batch_counts_each_of_its_results(
    floor: Floor, client_for: ClientFor, agent_key: str
) -> None:
    limit(floor, max_decisions_per_hour=3)
    held = [working(floor) for _ in range(4)]
    said = {"op": "complete", "result": {"n": 1}}
    calls = [{**said, "task_id": str(pk), "lease_token": str(token)} for pk, token in held]
    answer = client_for(agent_key).post("/worker/batch", {"operations": calls})
    assert {result["status"] for result in answer.json()["results"]} == {200}
    assert agent_of(floor).paused_because == BECAUSE


def test_far_below_the_limit_nobody_counts(floor: Floor) -> None:
    hand_in(floor, 1)
    with CaptureQueriesContext(connection) as captured:
        hand_in(floor, 5)
    assert not [
        query for query in captured if "COUNT" in query["sql"] and "decisions" in query["sql"]
    ]


def test_ten_processes_together_never_pass_the_limit_uncounted(floor: Floor) -> None:
    floor.appear()
    passed = 0
    for _ in range(10):
        process = review_load.Uncounted()
        process.allow(floor.agent.pk, 1000 // review_load.SHARE)
        passed += next(n for n in range(2000) if not process.pass_by(floor.agent.pk, 1))
    assert passed <= 1000


def test_the_api_sets_the_limit_and_says_why_an_agent_is_paused(
    client_for: ClientFor, admin: User, floor: Floor
) -> None:
    boss = client_for(admin)
    made = boss.post("/admin/agents", {"name": "busy bee", "max_decisions_per_hour": 3}).json()
    assert (made["max_decisions_per_hour"], made["paused_because"]) == (3, "")
    limit(floor, max_decisions_per_hour=3)
    hand_in(floor, 4)
    path = f"/admin/agents/{floor.agent.pk}"
    assert boss.get(path).json()["paused_because"] == BECAUSE
    boss.patch(f"{path}/status", {"new_status": "available"})
    assert boss.get(path).json()["paused_because"] == ""
    refused: Any = boss.post("/admin/agents", {"name": "x", "max_decisions_per_hour": 0})
    assert list(refused.json()["errors"]) == ["max_decisions_per_hour"]
