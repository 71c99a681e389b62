from __future__ import annotations

import time

import pytest

from agentic_client import Agent, Cancelled, LeaseLost, Task, testing


def work_until_stopped(task: Task) -> None:
    for _ in range(200):
        task.check()
        time.sleep(0.01)


def test_it_stops_when_it_is_asked_to(agent: Agent, fake: testing.FakePlatform) -> None:
    cleaned = []

    @agent.task("long")
    def long(task: Task) -> None:
        fake.ask_to_stop(task.id)
        try:
            work_until_stopped(task)
        except Cancelled:
            cleaned.append(task.cancelled.is_set())
            raise

    task_id = fake.add_task("long")
    assert fake.run(agent)[task_id].state == "cancelled"
    assert (cleaned, fake.ops(task_id)[-1]) == ([True], "release")


def test_it_stops_when_a_person_cancels_the_task(agent: Agent, fake: testing.FakePlatform) -> None:
    seen: list[type[Exception]] = []

    @agent.task("long")
    def long(task: Task) -> None:
        fake.cancel(task.id)
        try:
            work_until_stopped(task)
        except Exception as error:
            seen.append(type(error))

    task_id = fake.add_task("long")
    fake.run(agent)
    assert seen == [Cancelled]
    assert set(fake.ops(task_id)) == {"ack", "heartbeat"}


def test_it_sends_no_result_once_the_lease_is_lost(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    stopped: list[LeaseLost] = []

    @agent.task("long")
    def long(task: Task) -> dict[str, int]:
        if task.attempt == 1:
            fake.lose_lease(task.id)
            with pytest.raises(LeaseLost) as caught:
                work_until_stopped(task)
            stopped.append(caught.value)
        return {"attempt": task.attempt}

    task_id = fake.add_task("long")
    outcome = fake.run(agent)[task_id]
    assert (outcome.result, len(stopped)) == ({"attempt": 2}, 1)
    assert len(fake.sent("complete")) == 1


def test_it_sees_what_a_person_decided_instead(agent: Agent, fake: testing.FakePlatform) -> None:
    overrides = []

    @agent.task("long")
    def long(task: Task) -> None:
        fake.override(task.id, {"answer": "by hand"}, "too slow")
        with pytest.raises(LeaseLost):
            work_until_stopped(task)
        overrides.extend(task.overrides)

    task_id = fake.add_task("long")
    assert fake.run(agent)[task_id].result == {"answer": "by hand"}
    assert [said["reason"] for said in overrides] == ["too slow"]


def test_it_keeps_the_lease_while_an_async_body_blocks_its_loop(agent: Agent) -> None:
    fake = testing.FakePlatform(lease_seconds=0.3)

    @agent.task("heavy")
    async def heavy(task: Task) -> dict[str, int]:
        time.sleep(0.9)  # noqa: ASYNC251  (on purpose: three leases long)
        return {"attempt": task.attempt}

    task_id = fake.add_task("heavy")
    assert fake.run(agent)[task_id].result == {"attempt": 1}
    assert len(fake.sent("heartbeat")) >= 6


def test_it_loses_the_lease_when_no_heartbeat_gets_through(agent: Agent) -> None:
    fake = testing.FakePlatform(lease_seconds=0.3, heartbeat_interval=0.05)
    fake.break_next(10_000, 503, only="heartbeat")
    reasons = []

    @agent.task("cut off")
    def cut_off(task: Task) -> None:
        with pytest.raises(LeaseLost) as lost:
            work_until_stopped(task)
        reasons.append(str(lost.value))

    task_id = fake.add_task("cut off", max_attempts=1)
    assert fake.run(agent)[task_id].state == "escalated"
    assert "no heartbeat got through" in reasons[0]
    assert fake.sent("complete") == []


def test_it_hears_of_the_lost_lease_from_any_call(agent: Agent, fake: testing.FakePlatform) -> None:
    fake.heartbeat_interval = 10
    lost = []

    @agent.task("act")
    def act(task: Task) -> None:
        if task.attempt == 1:
            fake.lose_lease(task.id)
            with pytest.raises(LeaseLost):
                task.propose({"act": 1})
            lost.append(task.id)

    task_id = fake.add_task("act")
    fake.run(agent)
    assert lost == [task_id]
    assert fake.ops(task_id) == ["ack", "propose", "ack", "complete"]


def test_it_sends_progress_soon_and_thins_it_out(agent: Agent) -> None:
    fake = testing.FakePlatform(heartbeat_interval=10)

    @agent.task("steps")
    def steps(task: Task) -> None:
        time.sleep(0.05)  # until the heartbeat thread has gone to sleep
        for step in range(1, 101):
            task.progress(step / 100, f"step {step}", checkpoint={"step": step})
            time.sleep(0.001)
        fake.wait_for(lambda: fake.tasks[task.id].checkpoint == {"step": 100})

    task_id = fake.add_task("steps", max_attempts=1)
    assert fake.run(agent)[task_id].state == "verified"
    assert 1 <= len(fake.sent("heartbeat")) <= 20
    assert fake.sent("heartbeat")[-1]["message"] == "step 100"


def test_it_keeps_the_lease_when_its_checkpoint_is_refused(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    fake.break_next(1, 413, only="heartbeat")

    @agent.task("greedy")
    def greedy(task: Task) -> dict[str, int]:
        task.progress(checkpoint={"text": "far too much"})
        fake.wait_for(lambda: len(fake.sent("heartbeat")) > 1)
        return {"attempt": task.attempt}

    task_id = fake.add_task("greedy")
    assert fake.run(agent)[task_id].result == {"attempt": 1}
    assert "checkpoint" not in fake.sent("heartbeat")[-1]


def test_it_takes_a_copy_of_the_checkpoint(agent: Agent, fake: testing.FakePlatform) -> None:
    @agent.task("mutable")
    def mutable(task: Task) -> None:
        kept = {"steps": [1]}
        task.progress(checkpoint=kept)
        kept["steps"].append(2)
        fake.wait_for(lambda: fake.tasks[task.id].checkpoint)

    task_id = fake.add_task("mutable")
    fake.run(agent)
    assert fake.tasks[task_id].checkpoint == {"steps": [1]}


@pytest.mark.parametrize("fraction", [-0.1, 1.5])
def test_it_refuses_progress_that_is_no_share(
    agent: Agent, fake: testing.FakePlatform, fraction: float
) -> None:
    agent.task("odd")(lambda task: task.progress(fraction))
    task_id = fake.add_task("odd", max_attempts=1)
    outcome = fake.run(agent)[task_id]
    assert outcome.error == {"type": "ValueError", "message": "progress goes from 0 to 1"}
