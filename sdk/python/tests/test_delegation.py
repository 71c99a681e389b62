from __future__ import annotations

from typing import Any

import pytest

from agentic_client import Agent, DelegationFailed, Task, testing


@pytest.fixture
def lead() -> Agent:
    lead = Agent("lead", grace=2.0)

    @lead.task("report")
    async def report(task: Task) -> dict[str, Any]:
        return await task.adelegate("Count words", task_type="count", payload={"text": "a b c"})

    return lead


def test_it_returns_what_another_agent_found(
    lead: Agent, agent: Agent, fake: testing.FakePlatform
) -> None:
    agent.task("count")(lambda task: {"words": len(task.payload["text"].split())})
    task_id = fake.add_task("report")
    assert fake.run(lead, agent)[task_id].result == {"words": 3}


def test_it_never_gets_its_own_child(lead: Agent, fake: testing.FakePlatform) -> None:
    lead.concurrency, lead.grace = 2, 0.0
    lead.task("count")(lambda task: {"words": 0})
    fake.add_task("report")
    with pytest.raises(TimeoutError, match="count: queued"):
        fake.run(lead, timeout=0.2)


def test_it_fails_when_the_child_was_cancelled(lead: Agent, fake: testing.FakePlatform) -> None:
    fake.answer_child("count", None)
    task_id = fake.add_task("report")
    outcome = fake.run(lead)[task_id]
    assert (outcome.state, outcome.attempts) == ("escalated", 1)
    assert outcome.error
    assert outcome.error["type"] == DelegationFailed.__name__


def test_it_can_suspend_until_the_children_are_done(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    @agent.task("split")
    def split(task: Task) -> dict[str, Any]:
        parts = [task.delegate(f"Part {n}", task_type="part", wait=False) for n in (1, 2)]
        if any(part["state"] != "verified" for part in parts):
            task.suspend(until="children")
        return {"parts": [part["result"] for part in parts]}

    helper = Agent("helper")
    helper.task("part")(lambda task: {"did": task.title})
    task_id = fake.add_task("split")
    result = fake.run(agent, helper)[task_id].result
    assert result == {"parts": [{"did": "Part 1"}, {"did": "Part 2"}]}


def test_it_can_stop_waiting_for_a_child(agent: Agent, fake: testing.FakePlatform) -> None:
    @agent.task("report")
    def report(task: Task) -> dict[str, bool]:
        with pytest.raises(TimeoutError):
            task.delegate("Count", task_type="count", timeout=0)
        fake.cancel(task.delegate("Count", task_type="count", wait=False)["task_id"])
        return {"alone": True}

    task_id = fake.add_task("report")
    assert fake.run(agent)[task_id].result == {"alone": True}
    assert len(fake.tasks) == 2
