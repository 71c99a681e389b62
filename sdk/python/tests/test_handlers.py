from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

import agentic_client
from agentic_client import Agent, AgenticError, ConfigError, Result, Task, current_task, testing


def test_it_hands_in_what_a_handler_returns(agent: Agent, fake: testing.FakePlatform) -> None:
    @agent.task("double")
    def double(task: Task) -> dict[str, int]:
        return {"twice": task.payload["n"] * 2}

    task_id = fake.add_task("double", {"n": 21})
    assert fake.run(agent)[task_id].result == {"twice": 42}
    assert fake.ops(task_id) == ["ack", "complete"]


def test_it_runs_async_bodies_side_by_side(fake: testing.FakePlatform) -> None:
    agent, here, both = Agent(concurrency=2), [], asyncio.Event()

    @agent.task("meet")
    async def meet(task: Task) -> dict[str, int]:
        here.append(task.id)
        if len(here) == 2:
            both.set()
        await both.wait()
        return {"met": len(here)}

    fake.add_task("meet")
    fake.add_task("meet")
    fake.run(agent)
    assert list(fake.results.values()) == [{"met": 2}, {"met": 2}]


def test_it_never_runs_more_than_its_concurrency(fake: testing.FakePlatform) -> None:
    agent, running, counts = Agent(concurrency=2), set(), []

    @agent.task("count")
    def count(task: Task) -> None:
        running.add(task.id)
        counts.append(len(running))
        time.sleep(0.02)
        running.remove(task.id)

    for _ in range(7):
        fake.add_task("count")
    fake.run(agent)
    assert (len(counts), max(counts)) == (7, 2)


def test_it_leaves_other_types_to_the_default_handler(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    agent.task("known")(lambda task: {"by": "known"})
    agent.task()(lambda task: {"by": "default"})
    known, other = fake.add_task("known"), fake.add_task("other")
    fake.run(agent)
    assert fake.results == {known: {"by": "known"}, other: {"by": "default"}}
    assert not any("task_types" in body for body in fake.sent("claim"))


def test_it_claims_only_the_types_that_it_handles(agent: Agent, fake: testing.FakePlatform) -> None:
    agent.task("mine")(lambda task: None)
    mine, foreign = fake.add_task("mine"), fake.add_task("foreign")
    with pytest.raises(TimeoutError, match="foreign: queued"):
        fake.run(agent, timeout=0.2)
    assert fake.results == {mine: {}}
    assert fake.outcomes[foreign].attempts == 0


def test_it_sends_what_a_result_says_of_itself(agent: Agent, fake: testing.FakePlatform) -> None:
    agent.task("judge")(lambda task: Result({"ok": True}, 0.7, "looks fine", {"source": 3}))
    fake.add_task("judge")
    fake.run(agent)
    (body,) = fake.sent("complete")
    assert (body["confidence"], body["rationale"]) == (0.7, "looks fine")
    assert (body["result"], body["evidence"]) == ({"ok": True}, {"source": 3})


def test_it_fails_the_attempt_when_a_handler_raises(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    @agent.task("flaky")
    def flaky(task: Task) -> dict[str, Any]:
        if task.attempt == 1:
            raise OSError("disk\x00 \ud800 full")
        return {"resume": task.resume}

    task_id = fake.add_task("flaky")
    outcome = fake.run(agent)[task_id]
    assert outcome.error == {"type": "OSError", "message": "disk ? full"}
    assert outcome.result == {"resume": {"reason": "failed", "attempt": 1}}


def test_it_asks_for_no_retry_where_the_agent_says_so(fake: testing.FakePlatform) -> None:
    agent = Agent(non_retryable=[LookupError])

    @agent.task("lookup")
    async def lookup(task: Task) -> None:
        raise KeyError("customer")

    task_id = fake.add_task("lookup")
    outcome = fake.run(agent)[task_id]
    assert (outcome.state, outcome.attempts) == ("escalated", 1)
    assert outcome.error == {"type": "KeyError", "message": "'customer'"}


@pytest.mark.parametrize(
    "returned", [[1], 7, {"at": object()}, {"n": float("nan")}, {"s": "\ud800"}]
)
def test_it_fails_a_result_that_is_no_json_object(
    agent: Agent, fake: testing.FakePlatform, returned: Any
) -> None:
    agent.task("odd")(lambda task: returned)
    task_id = fake.add_task("odd", max_attempts=1)
    outcome = fake.run(agent)[task_id]
    assert outcome.state == "escalated"
    assert outcome.error
    assert outcome.error["type"] in (
        "TypeError",
        "ValueError",
        "UnicodeEncodeError",
    )


def test_it_reports_a_result_that_the_platform_refuses(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    agent.task("large")(lambda task: {"text": "x" * 2_000_000})
    task_id = fake.add_task("large")
    fake.break_next(1, 413, only="complete")
    outcome = fake.run(agent)[task_id]
    assert (outcome.state, outcome.attempts) == ("escalated", 1)
    assert outcome.error
    assert outcome.error["type"] == "PlatformError"


def test_it_survives_a_handler_that_exits(agent: Agent, fake: testing.FakePlatform) -> None:
    @agent.task("exit")
    async def leave(task: Task) -> dict[str, int]:
        if task.attempt == 1:
            raise SystemExit(2)
        return {"attempt": task.attempt}

    task_id = fake.add_task("exit")
    assert fake.run(agent)[task_id].result == {"attempt": 2}


def test_it_comes_back_to_a_suspended_task(agent: Agent, fake: testing.FakePlatform) -> None:
    @agent.task("long")
    def long(task: Task) -> dict[str, Any]:
        if task.checkpoint is None:
            try:
                task.suspend({"page": 3})
            except Exception:  # as agent frameworks do around everything
                return {"swallowed": True}
        return {"from": task.checkpoint, "resume": task.resume}

    task_id = fake.add_task("long")
    result = fake.run(agent)[task_id].result
    assert result == {"from": {"page": 3}, "resume": {"reason": "suspended", "attempt": 1}}


def test_it_releases_with_the_last_checkpoint(agent: Agent, fake: testing.FakePlatform) -> None:
    @agent.task("picky")
    def picky(task: Task) -> dict[str, Any]:
        if task.attempt == 1:
            task.progress(checkpoint={"step": 1})
            task.progress(0.5, "half way", checkpoint={"step": 2})
            task.release("not my cup of tea")
        return {"from": task.checkpoint}

    task_id = fake.add_task("picky")
    assert fake.run(agent)[task_id].result == {"from": {"step": 2}}
    assert fake.sent("release")[0]["reason"] == "not my cup of tea"


def test_it_tells_what_a_person_said_of_the_last_attempt(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    agent.task("draft")(lambda task: {"said": [said["reason"] for said in task.feedback]})
    fake.reject_result("tone", "friendlier, please")
    task_id = fake.add_task("draft")
    outcome = fake.run(agent)[task_id]
    assert (outcome.result, outcome.attempts) == ({"said": ["friendlier, please"]}, 2)


def test_it_reads_what_was_said_of_its_work_page_by_page(
    agent: Agent, fake: testing.FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agentic_client, "FEEDBACK_PAGE", 2)
    agent.connect(fake.url, fake.add_key(), fake)
    for rating in (1, 2, 3, 4):
        fake.give_feedback("some-task", "user_rating", rating=rating)
    fake.break_next(1, 503, only="feedback")
    said = list(agent.read_feedback())
    assert [one["content"]["rating"] for one in said] == [1, 2, 3, 4]
    fake.give_feedback("some-task", "outcome_result", correct=False)
    (news,) = agent.read_feedback(after=said[-1]["id"])
    assert news["content"] == {"correct": False}


def test_it_sends_the_traceparent_with_every_call(agent: Agent, fake: testing.FakePlatform) -> None:
    @agent.task("traced")
    def traced(task: Task) -> None:
        task.propose({"what": task.traceparent})

    fake.approve()
    task_id = fake.add_task("traced", traceparent="00-aa-bb-01")
    fake.run(agent)
    calls = [call for call in fake.calls if call.task_id == task_id]
    assert [call.op for call in calls] == ["ack", "propose", "complete"]
    assert {call.headers.get("traceparent") for call in calls} == {"00-aa-bb-01"}


def test_it_knows_the_current_task_only_while_it_handles_one(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    @agent.task("who")
    async def who(task: Task) -> dict[str, bool]:
        return {"same": await asyncio.to_thread(current_task) is task}

    task_id = fake.add_task("who")
    assert fake.run(agent)[task_id].result == {"same": True}
    with pytest.raises(AgenticError, match="while a task is being handled"):
        current_task()


def test_it_refuses_a_set_up_that_cannot_work(agent: Agent) -> None:
    with pytest.raises(ConfigError, match="no handler"):
        agent.run()
    agent.task("twice")(print)
    with pytest.raises(ConfigError, match="two handlers for twice"):
        agent.task("twice")(print)
    with pytest.raises(TypeError, match="parentheses"):
        agent.task(print)  # type: ignore[arg-type]
