"""Parent and child: one agent hands a part to another, and gets the result back."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from agentic.errors import Invalid
from agentic.ids import new_id
from agentic.models import User
from decisions.models import Task
from decisions.states import State
from decisions.sweep import sweep
from decisions.work import lock_rows
from tests.conftest import Api
from tests.decisions.floor import (
    RESULT,
    Floor,
    activate_policy,
    let_pass,
    pending,
    row,
    sound,
    state_of,
    told,
)
from tests.decisions.threads import alone, at_once, wait_until_blocked

ClientFor = Callable[[User | str | None], Api]
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def boss(client_for: ClientFor, admin: User) -> Api:
    return client_for(admin)


@pytest.fixture
def worker(client_for: ClientFor, agent_key: str) -> Api:
    return client_for(agent_key)


@pytest.fixture
def helper(floor: Floor) -> Floor:
    """Another agent, which cannot do what the first one can."""
    return floor.hire("helper")


def lead(floor: Floor, **values: Any) -> tuple[UUID, UUID]:
    """A task that the first agent works on, as no other could."""
    return floor.working(required_capabilities=["digits"], **values)


def ask(worker: Api, parent: UUID, token: UUID, **more: Any) -> Any:
    body = {"lease_token": str(token), "title": "a part", **more}
    return worker.post(f"/worker/tasks/{parent}/delegate", body)


def child_of(worker: Api, parent: UUID, token: UUID, **more: Any) -> UUID:
    answer = ask(worker, parent, token, **more)
    assert answer.status_code == 200, answer.json()
    return UUID(answer.json()["task_id"])


def begin(agent: Floor, task_id: UUID) -> UUID:
    token = agent.take(task_id)
    agent.ack(task_id, token, start=True)
    return token


def end(boss: Api, task_id: UUID, how: str) -> None:
    """A person ends the task, as verified or as cancelled."""
    if how == State.CANCELLED:
        answer = boss.patch(f"/decisions/task/{task_id}/state", {"state": how})
    else:
        said = {"reason": "known already", "new_decision": RESULT}
        answer = boss.post(f"/decisions/task/{task_id}/override", said)
    assert answer.status_code == 200


def refused(answer: Any, field: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert list(answer.json()["errors"]) == [field]
    assert Task.objects.filter(parent__isnull=False, title="refused").count() == 0


def test_a_part_goes_to_another_agent_and_its_result_comes_back(
    floor: Floor, worker: Api, boss: Api, helper: Floor
) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    helper.complete(child, begin(helper, child))
    assert ask(worker, parent, token).json()["state"] == "completed"
    boss.post(f"/decisions/decision/{pending(child).pk}/review", {"verdict": "approve"})
    answer = ask(worker, parent, token).json()
    assert answer == {"task_id": str(child), "state": "verified", "result": RESULT}


def test_it_brings_what_its_parent_had(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor, priority="high")
    child = row(child_of(worker, parent, token, payload={"page": 2}))
    above = row(parent)
    assert (child.parent_id, child.depth, child.payload) == (parent, 1, {"page": 2})
    assert (child.priority, child.created_by_id) == (above.priority, above.created_by_id)
    assert told(child.pk)["parent_id"] == str(parent)


def test_it_goes_on_with_the_trace_of_its_parent(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    Task.objects.filter(pk=parent).update(traceparent=TRACE)
    assert row(child_of(worker, parent, token)).traceparent == TRACE


def test_the_same_request_is_the_same_child(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token, payload={"a": 1, "b": 2})
    assert child_of(worker, parent, token, payload={"b": 2, "a": 1}, wait_seconds=20) == child
    assert child_of(worker, parent, token, payload={"a": 1, "b": 3}) != child
    assert Task.objects.filter(parent=parent).count() == 2


def test_a_second_attempt_finds_what_the_first_has_delegated(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    let_pass(parent)
    sweep()
    let_pass(parent)
    second = begin(floor, parent)
    assert second != token
    assert child_of(worker, parent, second) == child
    assert ask(worker, parent, token).json()["code"] == "lease_lost"


def test_a_key_names_the_child_whatever_the_body(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token, key="page 1")
    assert child_of(worker, parent, token, key="page 1", title="in other words") == child
    assert child_of(worker, parent, token, key="page 2") != child


def test_a_key_means_nothing_to_another_parent(floor: Floor, worker: Api) -> None:
    parents = [lead(floor), lead(floor)]
    children = {child_of(worker, parent, token, key="page 1") for parent, token in parents}
    assert len(children) == 2


def test_it_goes_no_deeper_than_the_limit(
    floor: Floor, worker: Api, client_for: ClientFor, helper: Floor, settings: Any
) -> None:
    settings.TASK_DELEGATION_DEPTH = 1
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    lease = begin(helper, child)
    answer = ask(client_for(helper.key), child, lease, title="refused")
    refused(answer, "task_id")


def test_it_may_go_as_deep_as_the_limit(floor: Floor, worker: Api, helper: Floor) -> None:
    parent, token = lead(floor)
    last, lease, agent = parent, token, floor
    for number in range(1, 6):
        last = agent.delegate(last, lease)["task_id"]
        agent = helper if number == 1 else floor.hire(f"helper {number}")
        lease = begin(agent, last)
    assert row(last).depth == 5
    with pytest.raises(Invalid):
        agent.delegate(last, lease)


def test_it_is_not_pushed_to_whoever_delegated_it(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    assert state_of(child) == "queued"


def test_whoever_delegated_it_cannot_claim_it(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    child_of(worker, parent, token)
    answer = worker.post("/worker/claim", {"max_tasks": 10, "wait_seconds": 0})
    assert answer.json() == {"tasks": []}


def test_whoever_delegated_it_cannot_be_named(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    answer = ask(worker, parent, token, agent_id=str(floor.agent.pk), title="refused")
    refused(answer, "agent_id")


def test_it_never_comes_back_to_anybody_above_it(
    floor: Floor, worker: Api, client_for: ClientFor, helper: Floor
) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    lease, below = begin(helper, child), client_for(helper.key)
    grandchild = child_of(below, child, lease)
    assert state_of(grandchild) == "queued"
    assert floor.claim(10) == helper.claim(10) == []
    for agent in (floor, helper):
        refused(ask(below, child, lease, agent_id=agent.agent.pk, title="refused"), "agent_id")


def test_nor_does_a_person_assign_it_to_whoever_is_above_it(
    floor: Floor, worker: Api, boss: Api
) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    said = {"state": "assigned", "metadata": {"agent_id": str(floor.agent.pk)}}
    answer = boss.patch(f"/decisions/task/{child}/state", said)
    assert (answer.status_code, state_of(child)) == (409, "queued")


def test_an_agent_that_is_not_there_cannot_be_named(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    refused(ask(worker, parent, token, agent_id=str(new_id()), title="refused"), "agent_id")


def test_an_agent_that_lacks_a_capability_cannot_be_named(
    floor: Floor, worker: Api, helper: Floor
) -> None:
    parent, token = lead(floor)
    wanted = {"agent_id": str(helper.agent.pk), "required_capabilities": ["letters"]}
    refused(ask(worker, parent, token, title="refused", **wanted), "agent_id")


def test_the_agent_that_was_named_gets_it(floor: Floor, worker: Api, helper: Floor) -> None:
    parent, token = lead(floor)
    named = floor.hire("specialist")
    child = child_of(worker, parent, token, agent_id=str(named.agent.pk))
    assert row(child).assigned_agent_id == named.agent.pk


def test_an_agent_delegates_only_what_it_works_on(floor: Floor, worker: Api) -> None:
    parent, token = floor.bring_to("acked")
    answer = ask(worker, parent, token)
    assert (answer.status_code, answer.json()["code"]) == (409, "illegal_move")
    assert not Task.objects.filter(parent=parent).exists()


@pytest.mark.parametrize("how", ["verified", "cancelled"])
def test_a_suspended_parent_wakes_up_with_its_last_child_and_not_before(
    floor: Floor, worker: Api, boss: Api, how: str
) -> None:
    parent, token = lead(floor)
    first, last = (child_of(worker, parent, token, key=key) for key in "ab")
    worker.post(f"/worker/tasks/{parent}/suspend", {"lease_token": token, "until": "children"})
    end(boss, first, how)
    sweep()
    assert (state_of(parent), floor.claim()) == ("queued", [])
    end(boss, last, how)
    (again,) = floor.claim()
    assert (again["id"], again["resume"]["reason"]) == (parent, "suspended")


def test_a_result_that_nobody_has_looked_at_wakes_no_parent(
    floor: Floor, worker: Api, boss: Api, helper: Floor
) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    floor.suspend(parent, token, until="children")
    helper.complete(child, begin(helper, child))
    sweep()
    assert (state_of(child), state_of(parent)) == ("completed", "queued")
    boss.post(f"/decisions/decision/{pending(child).pk}/review", {"verdict": "approve"})
    sweep()
    assert state_of(parent) == "assigned"


def test_a_result_that_nobody_has_to_look_at_wakes_the_parent(
    floor: Floor, worker: Api, helper: Floor
) -> None:
    activate_policy(threshold=0.5)
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    floor.suspend(parent, token, until="children")
    helper.complete(child, begin(helper, child), confidence=0.9)
    assert [task["id"] for task in floor.claim()] == [parent]


def test_a_parent_whose_children_have_ended_is_not_suspended_for_long(
    floor: Floor, worker: Api, boss: Api
) -> None:
    parent, token = lead(floor)
    end(boss, child_of(worker, parent, token), "cancelled")
    floor.suspend(parent, token, until="children")
    assert [task["id"] for task in floor.claim()] == [parent]


@pytest.mark.parametrize("how", ["verified", "cancelled"])
def test_a_stopped_parent_stops_children_and_grandchildren_and_their_agents(
    floor: Floor, worker: Api, boss: Api, client_for: ClientFor, helper: Floor, how: str
) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    lease, below = begin(helper, child), client_for(helper.key)
    grandchild = child_of(below, child, lease)
    end(boss, parent, how)
    assert (state_of(child), state_of(grandchild)) == ("cancelled", "cancelled")
    answer = below.post(f"/worker/tasks/{child}/heartbeat", {"lease_token": lease})
    assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")
    assert answer.json()["cancel_requested"] is True
    for task_id in (parent, child, grandchild):
        sound(task_id)


@pytest.mark.parametrize("state", ["queued", "assigned", "failed", "escalated"])
def test_a_stopped_parent_stops_a_child_in_whatever_open_state(
    floor: Floor, worker: Api, boss: Api, helper: Floor, state: str
) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    match state:
        case "queued":
            helper.release(child, helper.take(child))
        case "failed":
            helper.fail(child, begin(helper, child))
        case "escalated":
            helper.escalate(child)
    assert state_of(child) == state
    end(boss, parent, "cancelled")
    assert state_of(child) == "cancelled"
    sound(child)


def test_a_suspended_parent_that_is_cancelled_takes_its_children_along(
    floor: Floor, worker: Api, boss: Api
) -> None:
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    floor.suspend(parent, token, until="children")
    end(boss, parent, "cancelled")
    sweep()
    assert (state_of(parent), state_of(child)) == ("cancelled", "cancelled")


def test_children_of_a_parent_that_ended_without_them_are_asked_to_stop(
    floor: Floor, worker: Api, client_for: ClientFor, helper: Floor
) -> None:
    activate_policy(threshold=0.5)
    parent, token = lead(floor)
    child = child_of(worker, parent, token)
    lease, below = begin(helper, child), client_for(helper.key)
    floor.complete(parent, token, confidence=0.9)
    beat = below.post(f"/worker/tasks/{child}/heartbeat", {"lease_token": lease}).json()
    assert (state_of(child), beat["cancel_requested"]) == ("in_progress", True)
    below.post(f"/worker/tasks/{child}/release", {"lease_token": lease})
    assert state_of(child) == "cancelled"


def test_a_long_poll_waits_for_the_child(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    answer = ask(worker, parent, token, wait_seconds=12.5)
    assert answer["X-Wait-Topic"] == f"task:{answer.json()['task_id']}"
    assert answer["X-Wait-Seconds"] == "12.5"


def test_nobody_waits_who_does_not_want_to(floor: Floor, worker: Api) -> None:
    parent, token = lead(floor)
    assert "X-Wait-Topic" not in ask(worker, parent, token)


@pytest.mark.parametrize("how", ["verified", "cancelled"])
def test_nobody_waits_for_a_child_that_has_ended(
    floor: Floor, worker: Api, boss: Api, how: str
) -> None:
    parent, token = lead(floor)
    end(boss, child_of(worker, parent, token), how)
    answer = ask(worker, parent, token, wait_seconds=50)
    assert (answer.json()["state"], "X-Wait-Topic" in answer) == (how, False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_the_same_request_at_once_is_one_child(floor: Floor) -> None:
    parent, token = lead(floor)
    answers = at_once(*[partial(floor.delegate, parent, token)] * 6)
    assert len({answer["task_id"] for answer in answers}) == 1
    assert Task.objects.filter(parent=parent).count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_grandchild_that_ends_and_its_parent_never_wait_in_a_circle(
    floor: Floor, worker: Api, client_for: ClientFor, helper: Floor
) -> None:
    top, token = lead(floor)
    middle = child_of(worker, top, token)
    lease, below = begin(helper, middle), client_for(helper.key)
    last = UUID(str(child_of(below, middle, lease)))
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_rows([last])
            asked = pool.submit(alone, partial(helper.propose, UUID(str(middle)), lease))
            wait_until_blocked()
            floor.patch(last, "cancelled")
        assert asked.result(20)["status"] == "pending"
