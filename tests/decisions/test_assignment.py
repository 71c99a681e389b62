"""Who gets a task: push, pull, and never more than an agent can hold."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from agentic.ids import new_id
from agentic.models import User
from agents.models import Agent, AgentStatus
from agents.services import change_agent, set_status
from decisions.models import Task
from decisions.states import HELD
from tests.conftest import Api
from tests.decisions.floor import Floor, row, sound, state_of, story, told
from tests.decisions.threads import at_once

ClientFor = Callable[[User | str | None], Api]


@pytest.fixture
def boss(client_for: ClientFor, admin: User) -> Api:
    return client_for(admin)


@pytest.fixture
def worker(client_for: ClientFor, agent_key: str) -> Api:
    return client_for(agent_key)


def create(boss: Api, **values: Any) -> dict[str, Any]:
    answer = boss.post("/decisions/task", {"title": "read a digit", **values})
    assert answer.status_code == 201, answer.json()
    task: dict[str, Any] = answer.json()
    return task


def claimed(worker: Api, **asked: Any) -> list[str]:
    answer = worker.post("/worker/claim", {"max_tasks": 10, "wait_seconds": 0, **asked})
    return [task["id"] for task in answer.json()["tasks"]]


def set_aside(floor: Floor, status: str) -> None:
    set_status(actor=floor.operator, agent_id=floor.agent.pk, status=AgentStatus(status))


def level(floor: Floor, priority_level: int) -> None:
    values = {"priority_level": priority_level}
    change_agent(actor=floor.operator, agent_id=floor.agent.pk, values=values)


def held_by(floor: Floor) -> int:
    return Task.objects.filter(assigned_agent=floor.agent.pk, state__in=HELD).count()


def test_a_new_task_goes_to_an_agent_that_is_free(floor: Floor, boss: Api) -> None:
    floor.appear()
    task = create(boss)
    task_id = UUID(task["id"])
    assert (task["state"], task["assigned_agent_id"]) == ("assigned", str(floor.agent.pk))
    assert story(task_id) == ["task.created", "task.assigned"]
    said = told(task_id)
    assert (said["agent"], said["attempt"], said["strategy"]) == ("reader", 1, "capability_match")
    assert said["reason"] == "fewest other capabilities (1), load 0 of 4; the only agent that could"
    sound(task_id)


def test_it_waits_where_nobody_is_there(floor: Floor, boss: Api) -> None:
    task = create(boss)
    assert (task["state"], task["assigned_agent_id"], task["due_at"]) == ("queued", None, None)


def test_it_waits_where_nobody_can_do_it(floor: Floor, boss: Api, worker: Api) -> None:
    floor.appear()
    task = create(boss, required_capabilities=["digits", "letters"])
    assert (task["state"], claimed(worker)) == ("queued", [])


def test_what_an_agent_pulls_says_so(floor: Floor, boss: Api, worker: Api) -> None:
    task = create(boss)
    assert claimed(worker) == [task["id"]]
    said = told(UUID(task["id"]))
    assert (said["strategy"], said["reason"]) == ("pull", "the agent asked for work")


@pytest.mark.parametrize(
    ("strategy", "chosen"),
    [
        ("capability_match", "narrow"),
        ("least_loaded", "large"),
        ("priority_based", "preferred"),
        ("round_robin", "newcomer"),
    ],
)
def test_the_strategy_is_a_setting(
    floor: Floor, boss: Api, settings: Any, strategy: str, chosen: str
) -> None:
    agents = {
        "narrow": floor.hire("narrow", "digits", at_once=2),
        "large": floor.hire("large", "digits", "a", "b", at_once=100),
        "preferred": floor.hire("preferred", "digits", "a", at_once=2),
    }
    level(agents["preferred"], 9)
    for agent in agents.values():
        create(boss, assigned_agent_id=str(agent.agent.pk))
    floor.hire("newcomer", "digits", "a", "b", at_once=3)
    if strategy != "round_robin":
        create(boss, assigned_agent_id=str(Agent.objects.get(name="newcomer").pk))
    settings.DELEGATION_STRATEGY = strategy
    said = told(UUID(create(boss, required_capabilities=["digits"])["id"]))
    assert (said["agent"], said["strategy"]) == (chosen, strategy)


def test_it_gives_no_agent_more_than_it_can_hold(floor: Floor, boss: Api, worker: Api) -> None:
    floor.appear()
    states = [create(boss)["state"] for _ in range(6)]
    assert states == ["assigned"] * 4 + ["queued"] * 2
    assert (len(claimed(worker, max_tasks=100)), held_by(floor)) == (4, 4)


def test_many_tasks_at_once_fill_the_agents_with_the_most_important(
    floor: Floor, boss: Api
) -> None:
    floor.appear()
    priorities = ["low", "high", "medium", "critical", "low", "high", "low", "low"]
    asked = [{"title": priority, "priority": priority} for priority in priorities]
    tasks = boss.post("/decisions/tasks", {"tasks": asked}).json()["tasks"]
    assert [task["title"] for task in tasks] == priorities
    given = sorted(task["title"] for task in tasks if task["state"] == "assigned")
    assert given == ["critical", "high", "high", "medium"]


def test_only_the_agent_that_was_named_gets_it(floor: Floor, boss: Api, worker: Api) -> None:
    other = floor.hire("other")
    task = create(boss, assigned_agent_id=str(floor.agent.pk))
    assert (task["state"], task["assigned_agent_id"]) == ("queued", str(floor.agent.pk))
    assert other.claim(10) == []
    assert claimed(worker) == [task["id"]]


def test_the_agent_that_was_named_gets_it_at_once(floor: Floor, boss: Api) -> None:
    other = floor.hire("other")
    floor.appear()
    task = create(boss, assigned_agent_id=str(other.agent.pk))
    assert row(UUID(task["id"])).assigned_agent_id == other.agent.pk


@pytest.mark.parametrize("lacks", [True, False])
def test_an_agent_that_cannot_do_it_is_not_named(floor: Floor, boss: Api, lacks: bool) -> None:
    named = str(floor.agent.pk if lacks else new_id())
    said = {"title": "read", "assigned_agent_id": named, "required_capabilities": ["letters"]}
    answer = boss.post("/decisions/task", said)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["assigned_agent_id"])
    assert not Task.objects.exists()


def test_who_is_excluded_gets_it_neither_by_push_nor_by_pull(
    floor: Floor, boss: Api, worker: Api
) -> None:
    task_id = floor.queue()
    Task.objects.filter(pk=task_id).update(excluded_agents=[str(floor.agent.pk)])
    floor.appear()
    assert claimed(worker) == []
    answer = boss.patch(f"/decisions/task/{task_id}/state", {"state": "assigned"})
    assert (answer.status_code, state_of(task_id)) == (409, "queued")
    assert len(floor.hire("other").claim()) == 1


def test_a_claim_brings_what_is_assigned_first_then_by_priority_and_age(
    floor: Floor, boss: Api, worker: Api
) -> None:
    first, urgent, second = (floor.queue(priority=name) for name in ("medium", "high", "medium"))
    floor.appear()
    given = create(boss, priority="low")["id"]
    assert claimed(worker) == [given, str(urgent), str(first), str(second)]


def test_what_is_assigned_comes_by_priority_and_age_too(
    floor: Floor, boss: Api, worker: Api
) -> None:
    floor.appear()
    low, high, again = (create(boss, priority=name)["id"] for name in ("low", "high", "low"))
    assert claimed(worker, max_tasks=2) == [high, low]
    assert claimed(worker) == [high, low, again]


def test_what_is_held_back_by_its_time_is_not_claimed(floor: Floor, worker: Api) -> None:
    task_id, token = floor.working()
    floor.suspend(task_id, token, resume_after=3600)
    assert claimed(worker) == []


def test_a_claim_may_name_task_types(floor: Floor, worker: Api) -> None:
    wanted, other = floor.queue(task_type="digit"), floor.queue(task_type="letter")
    assert claimed(worker, task_types=["digit", "word"]) == [str(wanted)]
    assert state_of(other) == "queued"


def test_a_claim_that_names_task_types_leaves_what_was_assigned_of_others(
    floor: Floor, boss: Api, worker: Api
) -> None:
    floor.appear()
    digit, letter = (create(boss, task_type=name)["id"] for name in ("digit", "letter"))
    assert claimed(worker, task_types=["letter"]) == [letter]
    assert claimed(worker) == [digit, letter]


@pytest.mark.parametrize("status", ["maintenance", "busy", "offline"])
def test_who_takes_no_work_is_given_none(floor: Floor, boss: Api, status: str) -> None:
    floor.appear()
    set_aside(floor, status)
    assert create(boss)["state"] == "queued"
    named = create(boss, assigned_agent_id=str(floor.agent.pk))
    assert (named["state"], held_by(floor)) == ("queued", 0)


@pytest.mark.parametrize("status", ["maintenance", "busy"])
def test_nor_does_it_get_any_by_asking(floor: Floor, boss: Api, worker: Api, status: str) -> None:
    floor.appear()
    given = create(boss)["id"]
    set_aside(floor, status)
    floor.create()
    assert claimed(worker) == [given]


def test_who_was_offline_and_asks_is_there_again(floor: Floor, worker: Api) -> None:
    task_id = floor.queue()
    assert Agent.objects.get().status == "offline"
    assert claimed(worker) == [str(task_id)]


def test_who_has_fallen_silent_is_given_nothing_although_nobody_has_swept(
    floor: Floor, boss: Api
) -> None:
    floor.appear()
    Agent.objects.update(silent_at=Agent.objects.get().created_at)
    assert create(boss)["state"] == "queued"


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_creations_and_claims_at_once_never_exceed_what_an_agent_can_hold(floor: Floor) -> None:
    other = floor.hire("other", at_once=3)
    floor.appear()
    calls: list[Callable[[], Any]] = [
        floor.create,
        partial(floor.claim, 3),
        partial(other.claim, 3),
    ]
    answers = at_once(*calls * 20)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert held_by(floor) <= 4
    assert held_by(other) <= 3
    assert len(floor.claim(10) + other.claim(10)) == 7
    assert (held_by(floor), held_by(other), Task.objects.count()) == (4, 3, 20)
    for task_id in Task.objects.values_list("pk", flat=True):
        sound(task_id)
