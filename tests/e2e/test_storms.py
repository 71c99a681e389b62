"""Fifty at once, through HTTP on two web processes: one wins, the others are told so, and nothing breaks."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from tests.e2e.callers import Caller
from tests.e2e.processes import Platform

FIFTY = 50
CALM = {"ack_timeout": 600, "lease_seconds": 600}
# Tasks with an attempt that is open although nobody holds them, or the other way round.
ODD = """
SELECT id FROM tasks t WHERE (state IN ('assigned', 'acked', 'in_progress'))
    <> EXISTS (SELECT 1 FROM attempts WHERE task_id = t.id AND ended_at IS NULL)
"""
Hire = Callable[..., Caller]
Call = Callable[[], httpx.Response]


def storm(calls: Sequence[Call]) -> list[httpx.Response]:
    """All calls, let go together; none of them may break anything."""
    gate = threading.Barrier(len(calls))

    def run(call: Call) -> httpx.Response:
        gate.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        answers = list(pool.map(run, calls))
    assert [answer.text for answer in answers if answer.status_code >= 500] == []
    return answers


def counted(answers: list[httpx.Response]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def codes(answers: list[httpx.Response]) -> set[str]:
    return {answer.json()["code"] for answer in answers if answer.status_code >= 400}


@pytest.fixture(autouse=True)
def events_fold_to_the_rows(platform: Platform) -> Iterator[None]:
    yield
    platform.manage("verify_events")
    assert platform.errors("web") == []
    assert platform.rows(ODD) == []


@pytest.fixture
def agent(hire: Hire) -> Caller:
    return hire(at_once=100)


@pytest.fixture
def working(agent: Caller, boss: Caller) -> tuple[str, str]:
    """A task that the agent works on, and its lease token."""
    return begin(agent, boss)


def begin(agent: Caller, boss: Caller, *, ack: bool = True, **values: Any) -> tuple[str, str]:
    task = boss.said(
        "/decisions/task", title="storm", required_capabilities=[agent.name], **CALM, **values
    )
    tasks = agent.said("/worker/claim", wait_seconds=0, max_tasks=100)["tasks"]
    (token,) = (found["lease_token"] for found in tasks if found["id"] == task["id"])
    if ack:
        agent.said(f"/worker/tasks/{task['id']}/ack", lease_token=token, start=True)
    return task["id"], token


def told(platform: Platform, task_id: str) -> Counter[str]:
    rows = platform.rows("SELECT event_type FROM events WHERE entity_id = %s", task_id)
    return Counter(row[0] for row in rows)


def test_repeated_acks_are_one(platform: Platform, agent: Caller, boss: Caller) -> None:
    task_id, token = begin(agent, boss, ack=False)
    ack = partial(agent.post, f"/worker/tasks/{task_id}/ack", lease_token=token)
    answers = storm([ack] * FIFTY)
    assert counted(answers) == {200: FIFTY}
    assert len({answer.text for answer in answers}) == 1
    assert told(platform, task_id)["task.acked"] == 1


def test_repeated_acks_that_start_are_one(platform: Platform, agent: Caller, boss: Caller) -> None:
    task_id, token = begin(agent, boss, ack=False)
    ack = partial(agent.post, f"/worker/tasks/{task_id}/ack", lease_token=token, start=True)
    assert counted(storm([ack] * FIFTY)) == {200: FIFTY}
    assert told(platform, task_id)["task.acked"] == told(platform, task_id)["task.started"] == 1


def test_of_different_results_one_counts(
    platform: Platform, agent: Caller, boss: Caller, working: tuple[str, str]
) -> None:
    task_id, token = working
    path = f"/worker/tasks/{task_id}/complete"
    answers = storm(
        [partial(agent.post, path, lease_token=token, result={"n": n}) for n in range(FIFTY)]
    )
    assert (counted(answers), codes(answers)) == ({200: 1, 409: FIFTY - 1}, {"lease_lost"})
    won = [answer.status_code for answer in answers].index(200)
    assert boss.get(f"/decisions/task/{task_id}")["result"] == {"n": won}
    assert told(platform, task_id)["task.completed"] == 1


def test_one_result_again_and_again_has_one_answer(
    platform: Platform, agent: Caller, working: tuple[str, str]
) -> None:
    task_id, token = working
    path = f"/worker/tasks/{task_id}/complete"
    answers = storm([partial(agent.post, path, lease_token=token, result={"n": 1})] * FIFTY)
    assert (counted(answers), len({answer.text for answer in answers})) == ({200: FIFTY}, 1)
    assert told(platform, task_id)["task.completed"] == 1


def test_of_all_ways_to_finish_one_counts(
    platform: Platform, agent: Caller, working: tuple[str, str]
) -> None:
    task_id, token = working
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("complete", {"result": {}}),
        ("fail", {"error": {"type": "x"}}),
        ("release", {}),
        ("suspend", {"resume_after": 600}),
    ]
    path = f"/worker/tasks/{task_id}"
    calls = [
        partial(agent.post, f"{path}/{name}", lease_token=token, **body) for name, body in bodies
    ]
    answers = storm((calls * 13)[:FIFTY])
    assert codes(answers) == {"lease_lost"}
    assert len({answer.text for answer in answers if answer.status_code == 200}) == 1
    assert platform.value("SELECT count(*) FROM attempts WHERE task_id = %s", task_id) == 1


def test_of_escalations_one_counts(
    platform: Platform, boss: Caller, working: tuple[str, str]
) -> None:
    path = f"/decisions/task/{working[0]}/escalate"
    answers = storm([partial(boss.post, path, reason=str(n)) for n in range(FIFTY)])
    assert (counted(answers), codes(answers)) == ({200: 1, 409: FIFTY - 1}, {"illegal_move"})
    assert platform.value("SELECT count(*) FROM escalations WHERE task_id = %s", working[0]) == 1


def test_of_overrides_one_counts(
    platform: Platform, boss: Caller, working: tuple[str, str]
) -> None:
    path = f"/decisions/task/{working[0]}/override"
    answers = storm(
        [partial(boss.post, path, reason="r", new_decision={"n": n}) for n in range(FIFTY)]
    )
    assert (counted(answers), codes(answers)) == ({200: 1, 409: FIFTY - 1}, {"illegal_move"})
    won = [answer.status_code for answer in answers].index(200)
    assert boss.get(f"/decisions/task/{working[0]}")["result"] == {"n": won}
    assert platform.value("SELECT count(*) FROM reviews WHERE task_id = %s", working[0]) == 1


@pytest.mark.usefixtures("pass_all")
def test_a_person_who_overrides_meets_the_agent_that_completes(
    platform: Platform, agent: Caller, boss: Caller
) -> None:
    for _ in range(3):
        task_id, token = begin(agent, boss)
        complete = partial(
            agent.post, f"/worker/tasks/{task_id}/complete", lease_token=token, confidence=1
        )
        override = partial(boss.post, f"/decisions/task/{task_id}/override", reason="r")
        calls = [partial(complete, result={"agent": n}) for n in range(25)]
        calls += [partial(override, new_decision={"person": n}) for n in range(25)]
        answers = storm(calls)
        assert counted(answers) == {200: 1, 409: FIFTY - 1}
        assert (
            told(platform, task_id)["task.verified"] + told(platform, task_id)["task.overridden"]
            == 1
        )


@pytest.mark.usefixtures("pass_all")
def test_a_person_who_cancels_meets_the_agent_that_completes(agent: Caller, boss: Caller) -> None:
    for _ in range(3):
        task_id, token = begin(agent, boss)
        path = f"/decisions/task/{task_id}/state"
        complete = partial(
            agent.post, f"/worker/tasks/{task_id}/complete", lease_token=token, confidence=1
        )
        calls = [partial(complete, result={"agent": n}) for n in range(25)]
        answers = storm(calls + [partial(boss.call, "PATCH", path, state="cancelled")] * 25)
        assert counted(answers) == {200: 1, 409: FIFTY - 1}
        state = boss.get(f"/decisions/task/{task_id}")["state"]
        assert state == ("cancelled" if 200 in counted(answers[25:]) else "verified")


def test_an_accepted_stop_is_final(agent: Caller, boss: Caller, working: tuple[str, str]) -> None:
    task_id, token = working
    path = f"/worker/tasks/{task_id}"
    beat = partial(agent.post, f"{path}/heartbeat", lease_token=token)
    propose = partial(agent.post, f"{path}/propose", lease_token=token, proposal={"n": 1})
    stop = partial(boss.call, "PATCH", f"/decisions/task/{task_id}/state", state="cancelled")
    answers = storm([beat, propose] * 24 + [stop, stop])
    assert counted(answers[-2:]) == {200: 1, 409: 1}
    assert codes(answers[:-2]) <= {"lease_lost"}
    assert (beat().status_code, propose().status_code) == (409, 409)


def test_of_reviewers_one_decides(
    platform: Platform, agent: Caller, boss: Caller, working: tuple[str, str]
) -> None:
    task_id, token = working
    decision = agent.said(f"/worker/tasks/{task_id}/complete", lease_token=token, result={"n": 1})
    path = f"/decisions/decision/{decision['decision_id']}/review"
    verdicts: list[dict[str, Any]] = [
        {"verdict": "approve"},
        {"verdict": "edit", "proposal": {"n": 2}},
        {"verdict": "reject", "reason_code": "wrong"},
        {"verdict": "respond", "reason": "?"},
    ]
    answers = storm([partial(boss.post, path, **said) for said in (verdicts * 13)[:FIFTY]])
    assert (counted(answers), codes(answers)) == ({200: 1, 409: FIFTY - 1}, {"conflict"})
    assert platform.value("SELECT count(*) FROM reviews WHERE task_id = %s", task_id) == 1


def test_claims_and_new_tasks_never_exceed_the_capacity(
    platform: Platform, hire: Hire, boss: Caller
) -> None:
    agent = hire(at_once=7)
    agent.said("/worker/register")
    create = partial(
        boss.post, "/decisions/task", title="t", required_capabilities=[agent.name], **CALM
    )
    claim = partial(agent.post, "/worker/claim", wait_seconds=0, max_tasks=5)
    answers = storm([create, claim] * 25)
    assert set(counted(answers)) == {200, 201}
    held = "SELECT count(*) FROM tasks WHERE assigned_agent_id = %s AND state = 'assigned'"
    assert platform.value(held, agent.id) == 7


def test_agents_that_ask_at_once_never_share_a_task(
    platform: Platform, hire: Hire, boss: Caller
) -> None:
    first = hire(at_once=50)
    word = first.name
    others = [hire(at_once=50) for _ in range(4)]
    for agent in others:
        agent.said("/worker/register", capabilities=[word])
    boss.call("PATCH", f"/admin/agents/{first.id}/status", new_status="maintenance")
    for agent in others:
        boss.call("PATCH", f"/admin/agents/{agent.id}/status", new_status="busy")
    boss.said(
        "/decisions/tasks", tasks=[{"title": "t", "required_capabilities": [word], **CALM}] * 40
    )
    for agent in others:
        boss.call("PATCH", f"/admin/agents/{agent.id}/status", new_status="available")
    answers = storm(
        [partial(agent.post, "/worker/claim", wait_seconds=0, max_tasks=1) for agent in others] * 12
    )
    attempts = platform.rows(
        "SELECT task_id FROM attempts JOIN tasks ON tasks.id = task_id WHERE required_capabilities ? %s",
        word,
    )
    assert counted(answers) == {200: 48}
    assert len(attempts) == len(set(attempts)) > 0


@pytest.mark.usefixtures("pass_all")
def test_a_family_that_ends_all_at_once_ends(platform: Platform, hire: Hire, boss: Caller) -> None:
    parent_agent, child_agent = hire(at_once=100), hire(at_once=100)
    child_agent.said("/worker/register")
    for _ in range(3):
        task_id, token = begin(parent_agent, boss)
        part = {"required_capabilities": [child_agent.name], "title": "part"}
        path = f"/worker/tasks/{task_id}/delegate"
        children = [
            parent_agent.said(path, lease_token=token, key=str(n), **part)["task_id"]
            for n in range(20)
        ]
        leases = {
            t["id"]: t["lease_token"]
            for t in child_agent.said("/worker/claim", max_tasks=100)["tasks"]
        }
        acks = [
            {"op": "ack", "task_id": c, "lease_token": leases[c], "start": True} for c in children
        ]
        child_agent.said("/worker/batch", operations=acks)
        done = [partial(child_agent.post, f"/worker/tasks/{c}/complete", lease_token=leases[c], result={}, confidence=1)
                for c in children]  # fmt: skip
        stop = partial(boss.call, "PATCH", f"/decisions/task/{task_id}/state", state="cancelled")
        answers = storm([*done, stop])
        assert answers[-1].status_code == 200
        states = platform.rows("SELECT DISTINCT state FROM tasks WHERE parent_id = %s", task_id)
        assert {row[0] for row in states} <= {"verified", "cancelled"}


def test_everybody_does_anything(platform: Platform, agent: Caller, boss: Caller) -> None:
    """Five hundred calls without sense on ten tasks: refusals, and never an error."""
    dice = random.Random(7)
    leases = [begin(agent, boss) for _ in range(10)]
    answers: Counter[int] = Counter()
    for _ in range(10):
        calls = [any_call(dice, agent, boss, *dice.choice(leases)) for _ in range(FIFTY)]
        answers += counted(storm(calls))
    assert set(answers) <= {200, 201, 400, 404, 409}
    assert answers[200] > 10


def any_call(dice: random.Random, agent: Caller, boss: Caller, task_id: str, token: str) -> Call:
    work, task = f"/worker/tasks/{task_id}", f"/decisions/task/{task_id}"
    states = ("queued", "assigned", "acked", "in_progress", "completed", "failed", "escalated")
    return dice.choice(
        [
            partial(agent.post, f"{work}/ack", lease_token=token, start=True),
            partial(agent.post, f"{work}/heartbeat", lease_token=token, progress=0.5),
            partial(
                agent.post, f"{work}/propose", lease_token=token, proposal={"n": dice.randrange(3)}
            ),
            partial(agent.post, f"{work}/release", lease_token=token),
            partial(agent.post, f"{work}/suspend", lease_token=token, until="decision"),
            partial(agent.post, f"{work}/delegate", lease_token=token, title="part", key="a"),
            partial(agent.post, "/worker/claim", wait_seconds=0, max_tasks=3),
            partial(boss.call, "PATCH", f"{task}/state", state=dice.choice(states)),
            partial(boss.call, "PATCH", f"{task}/state", state="queued"),
            partial(boss.call, "PATCH", f"{task}/state", state="acked"),
            partial(boss.post, f"{task}/escalate"),
        ]
    )
