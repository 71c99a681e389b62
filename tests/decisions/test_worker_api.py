"""What an agent may count on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from agentic.errors import DomainError
from agentic.models import Event, User
from agents.models import Agent
from decisions import shapes
from decisions.models import Attempt, Task
from decisions.states import HELD
from decisions.sweep import sweep
from tests.conftest import Api
from tests.decisions.floor import (
    RESULT,
    Floor,
    activate_policy,
    everything,
    let_pass,
    pending,
    row,
    sound,
    state_of,
    story,
    told,
)
from tests.decisions.threads import at_once

ClientFor = Callable[[User | str | None], Api]


@pytest.fixture
def worker(client_for: ClientFor, agent_key: str) -> Api:
    return client_for(agent_key)


def test_it_registers_and_is_told_the_timings(floor: Floor, worker: Api) -> None:
    said = {
        "version": "2",
        "framework": "own",
        "capabilities": ["a", "b"],
        "concurrency": 9,
        "task_types": ["digit"],
    }
    answer = worker.post("/worker/register", said).json()
    assert answer == {
        "agent_id": str(floor.agent.pk),
        "name": "reader",
        "heartbeat_interval": 10,
        "lease_seconds": 30,
        "poll_wait": 25,
        "capabilities": ["a", "b"],
        "concurrency": 9,
        "task_types": ["digit"],
    }
    assert Agent.objects.get().status == "available"


def test_it_keeps_what_a_registration_leaves_out(floor: Floor, worker: Api) -> None:
    assert worker.post("/worker/register").json()["capabilities"] == ["digits"]


def test_it_hands_out_by_priority_and_age(floor: Floor) -> None:
    wanted = [("low", "e"), ("medium", "c"), ("critical", "a"), ("medium", "d"), ("high", "b")]
    for priority, title in wanted:
        floor.queue(title=title, priority=priority)
    Agent.objects.update(max_concurrent_tasks=100)
    assert [task["title"] for task in floor.claim(10)] == ["a", "b", "c", "d", "e"]


def test_it_hands_out_tasks_of_one_call_in_their_order(
    floor: Floor, client_for: ClientFor, admin: User
) -> None:
    client_for(admin).post("/decisions/tasks", {"tasks": [{"title": str(n)} for n in range(20)]})
    Agent.objects.update(max_concurrent_tasks=100)
    assert [task["title"] for task in floor.claim(100)] == [str(n) for n in range(20)]


def test_first_comes_what_is_assigned_already(floor: Floor) -> None:
    queued = floor.queue(priority="critical")
    floor.appear()
    pushed = floor.create(priority="low")
    assert state_of(pushed) == "assigned"
    assert [task["id"] for task in floor.claim(2)] == [pushed, queued]


def test_a_task_carries_all_that_its_agent_must_know(floor: Floor, worker: Api) -> None:
    task_id = floor.queue(
        "read", payload={"image": [1]}, priority="high", task_type="digit", description="d"
    )
    (task,) = worker.post("/worker/claim", {"wait_seconds": 0}).json()["tasks"]
    said = {"id": str(task_id), "title": "read", "payload": {"image": [1]}, "priority": "high", "task_type": "digit",
            "description": "d", "attempt": 1, "max_attempts": 4, "checkpoint": None, "resume": None, "feedback": [],
            "parent_id": None, "depth": 0, "traceparent": None, "lease_seconds": 30}  # fmt: skip
    assert {name: task[name] for name in said} == said
    assert 28 < task["ack_seconds"] <= 30
    assert set(task) - set(said) == {"lease_token", "ack_by", "ack_seconds", "lease_expires_at"}


def test_the_trace_of_the_creator_reaches_the_agent(
    floor: Floor, worker: Api, client_for: ClientFor, admin: User
) -> None:
    boss, trace = client_for(admin), f"00-{'a' * 32}-{'b' * 16}-01"
    boss.headers["traceparent"] = trace
    boss.post("/decisions/task", {"title": "t"})
    (task,) = worker.post("/worker/claim", {"wait_seconds": 0}).json()["tasks"]
    assert task["traceparent"] == trace


def test_it_gets_only_what_it_can_do_and_asked_for(floor: Floor) -> None:
    floor.queue("cannot", required_capabilities=["surgery"])
    floor.queue("other type", task_type="translate")
    both = floor.queue("fits", task_type="digit", required_capabilities=["digits"])
    assert [task["id"] for task in floor.claim(10, ["digit"])] == [both]


def test_what_is_meant_for_one_agent_is_given_to_no_other(floor: Floor) -> None:
    other = floor.hire("other", "digits")
    task_id = floor.create(assigned_agent_id=floor.agent.pk)
    assert (state_of(task_id), other.claim(10)) == ("queued", [])
    assert [task["id"] for task in floor.claim()] == [task_id]


def test_it_never_holds_more_than_its_capacity(floor: Floor) -> None:
    for _ in range(6):
        floor.queue()
    assert len(floor.claim(100)) == 4
    assert len(floor.claim(100)) == 4
    assert Task.objects.filter(state__in=HELD).count() == 4
    floor.create()
    assert Task.objects.filter(state__in=HELD).count() == 4


@pytest.mark.django_db(transaction=True)
def test_claims_and_new_tasks_at_once_never_exceed_the_capacity(floor: Floor) -> None:
    for _ in range(3):
        floor.queue()
    floor.appear()
    calls: list[Callable[[], object]] = [partial(floor.claim, 3), floor.create]
    answers = at_once(*calls * 10)
    assert not [answer for answer in answers if isinstance(answer, Exception)]
    assert Task.objects.filter(state__in=HELD).count() == 4
    for task_id in Task.objects.values_list("pk", flat=True):
        sound(task_id)


@pytest.mark.django_db(transaction=True)
def test_agents_that_ask_at_once_share_no_task(floor: Floor) -> None:
    for _ in range(10):
        floor.queue()
    others = [floor.hire(f"agent {n}", at_once=3) for n in range(4)]
    answers = at_once(*(partial(other.claim, 3) for other in others))
    taken = [task["id"] for tasks in answers for task in tasks]
    assert len(taken) == len(set(taken)) == Attempt.objects.count()
    assert len(taken) >= 6


@pytest.mark.parametrize("status", ["busy", "maintenance"])
def test_an_agent_that_takes_no_more_keeps_what_it_has(floor: Floor, status: str) -> None:
    task_id, token = floor.working()
    floor.queue()
    Agent.objects.update(status=status)
    assert floor.claim(10) == []
    assert floor.complete(task_id, token)["outcome"] == "completed"


def test_a_heartbeat_extends_the_lease_and_keeps_what_it_is_told(floor: Floor) -> None:
    task_id, token = floor.working()
    let_pass(task_id, beyond=-1)
    before = row(task_id).due_at
    answer = floor.beat(task_id, token, progress=0.25, message="page 3", checkpoint={"page": 3})
    attempt = Attempt.objects.get(task=task_id)
    assert (attempt.progress, attempt.message, attempt.checkpoint) == (0.25, "page 3", {"page": 3})
    assert row(task_id).due_at == attempt.lease_expires_at == answer["lease_expires_at"]
    assert answer["lease_expires_at"] > before
    assert (answer["cancel_requested"], answer["overrides"], answer["lease_seconds"]) == (
        False,
        [],
        30,
    )


def test_a_heartbeat_without_words_forgets_nothing(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.beat(task_id, token, progress=0.5, checkpoint={"page": 3})
    floor.beat(task_id, token)
    attempt = Attempt.objects.get(task=task_id)
    assert (attempt.progress, attempt.checkpoint) == (0.5, {"page": 3})


ENDINGS: list[tuple[str, dict[str, Any]]] = [
    (
        "complete",
        {"result": {"label": 1}, "confidence": 0.5, "rationale": "r", "evidence": {"a": 1}},
    ),
    ("fail", {"error": {"type": "OSError", "message": "m"}, "retryable": False}),
    ("release", {"reason": "not mine"}),
    ("suspend", {"checkpoint": {"page": 1}, "resume_after": 60}),
]


@pytest.mark.parametrize(("name", "body"), ENDINGS)
def test_a_call_that_is_repeated_has_the_same_answer_and_no_other_effect(
    floor: Floor, worker: Api, name: str, body: dict[str, Any]
) -> None:
    task_id, token = floor.working()
    said = {"lease_token": str(token), **body}
    first = worker.post(f"/worker/tasks/{task_id}/{name}", said)
    before = everything()
    again = worker.post(f"/worker/tasks/{task_id}/{name}", said)
    batch = worker.post(
        "/worker/batch", {"operations": [{"op": name, "task_id": str(task_id), **said}]}
    )
    assert (first.status_code, again.json()) == (200, first.json())
    assert batch.json()["results"] == [{"status": 200, "body": first.json()}]
    assert everything() == before


@pytest.mark.parametrize(("name", "body"), ENDINGS)
def test_another_call_after_the_end_has_lost_its_lease(
    floor: Floor, worker: Api, name: str, body: dict[str, Any]
) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token, result={"something": "else"})
    before = everything()
    answer = worker.post(f"/worker/tasks/{task_id}/{name}", {"lease_token": str(token), **body})
    assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")
    assert everything() == before


def test_a_repeated_ending_is_known_long_after(floor: Floor) -> None:
    activate_policy(threshold=0)
    task_id, token = floor.working()
    answer = floor.complete(task_id, token, confidence=1.0)
    assert answer["review"] == "auto"
    assert state_of(task_id) == "verified"
    assert floor.complete(task_id, token, confidence=1.0) == answer


def test_a_stale_token_changes_nothing_once_another_attempt_runs(floor: Floor) -> None:
    task_id, stale = floor.working()
    let_pass(task_id)
    sweep()
    let_pass(task_id)
    fresh = floor.take(task_id)
    before = everything()
    for call in (
        floor.ack,
        floor.beat,
        floor.complete,
        floor.fail,
        floor.release,
        floor.suspend,
        floor.propose,
        floor.delegate,
    ):
        with pytest.raises(DomainError) as refused:
            call(task_id, stale)
        assert (refused.value.code, refused.value.members["state"]) == ("lease_lost", "assigned")
    assert everything() == before
    assert floor.ack(task_id, fresh)["state"] == "acked"


def test_the_token_of_another_agent_opens_nothing(floor: Floor) -> None:
    task_id, token = floor.working()
    other = floor.hire("thief", "digits")
    with pytest.raises(DomainError) as refused:
        other.complete(task_id, token)
    assert refused.value.code == "not_found"


def test_a_late_ack_counts_as_long_as_nobody_has_taken_the_task_away(floor: Floor) -> None:
    task_id, token = floor.bring_to("assigned")
    let_pass(task_id)
    assert floor.ack(task_id, token)["state"] == "acked"
    assert sweep() == 0


def test_what_is_released_uses_up_no_retry_and_can_be_claimed_again(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.release(task_id, token, reason="too hard")
    assert (row(task_id).retry_count, floor.claim()) == (0, [])
    let_pass(task_id)
    (task,) = floor.claim()
    assert (task["resume"], task["attempt"]) == ({"reason": "released", "attempt": 1}, 2)


def test_what_is_released_without_end_goes_to_a_person(floor: Floor) -> None:
    task_id = floor.queue(max_retries=0)
    for _ in range(3):
        let_pass(task_id)
        floor.release(task_id, floor.take(task_id))
    assert (state_of(task_id), story(task_id).count("task.released")) == ("escalated", 2)
    sound(task_id)


def test_what_is_suspended_comes_back_in_time_with_its_checkpoint(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.suspend(task_id, token, checkpoint={"page": 3}, resume_after=600)
    assert floor.claim() == []
    let_pass(task_id)
    (task,) = floor.claim()
    assert (task["checkpoint"], task["resume"]["reason"], row(task_id).retry_count) == (
        {"page": 3},
        "suspended",
        0,
    )


def test_a_checkpoint_outlives_attempts_that_left_none(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.suspend(task_id, token, checkpoint={"page": 3})
    let_pass(task_id)
    sweep()
    let_pass(task_id)
    sweep()  # the ack was missed
    let_pass(task_id)
    (task,) = floor.claim()
    assert (task["checkpoint"], task["attempt"]) == ({"page": 3}, 3)


def reject(floor: Floor, task_id: UUID, token: UUID) -> None:
    floor.complete(task_id, token)
    floor.review(pending(task_id).pk, "reject", reason_code="wrong")


def respond(floor: Floor, task_id: UUID, token: UUID) -> None:
    floor.complete(task_id, token)
    floor.review(pending(task_id).pk, "respond", reason="look again")


def escalate_and_requeue(floor: Floor, task_id: UUID, token: UUID) -> None:
    floor.escalate(task_id)
    floor.patch(task_id, "queued")


def complete_and_requeue(floor: Floor, task_id: UUID, token: UUID) -> None:
    floor.complete(task_id, token)
    floor.patch(task_id, "queued")


WAYS_BACK: list[tuple[str, Callable[[Floor, UUID, UUID], object]]] = [
    ("failed", lambda floor, task, token: floor.fail(task, token)),
    ("lease_lost", lambda floor, task, token: let_pass(task)),
    ("released", lambda floor, task, token: floor.release(task, token)),
    ("requeued", lambda floor, task, token: floor.patch(task, "queued")),
    ("requeued", escalate_and_requeue),
    ("requeued", complete_and_requeue),
    ("rejected", reject),
    ("responded", respond),
]


@pytest.mark.parametrize(("reason", "back"), WAYS_BACK)
def test_the_next_attempt_is_told_why(
    floor: Floor, reason: str, back: Callable[[Floor, UUID, UUID], object]
) -> None:
    task_id, token = floor.working()
    back(floor, task_id, token)
    with floor.away():
        let_pass(task_id)
        sweep()
        let_pass(task_id)
        sweep()
    (task,) = floor.claim()
    assert task["resume"] == {"reason": reason, "attempt": 1}


def test_a_failure_that_is_back_is_given_to_an_agent_that_is_free(floor: Floor) -> None:
    task_id, _ = floor.bring_to("failed")
    let_pass(task_id)
    sweep()
    sweep()
    assert (state_of(task_id), told(task_id)["strategy"]) == ("assigned", "capability_match")


def batch(worker: Api, *operations: tuple[str, UUID, UUID, dict[str, Any]]) -> list[dict[str, Any]]:
    said = [
        {"op": op, "task_id": str(task_id), "lease_token": str(token), **body}
        for op, task_id, token, body in operations
    ]
    answer = worker.post("/worker/batch", {"operations": said})
    assert answer.status_code == 200, answer.content
    results: list[dict[str, Any]] = answer.json()["results"]
    return results


def test_a_batch_carries_out_all_in_order(floor: Floor, worker: Api) -> None:
    task_id, token = floor.bring_to("assigned")
    results = batch(
        worker,
        ("ack", task_id, token, {}),
        ("start", task_id, token, {}),
        ("heartbeat", task_id, token, {"progress": 0.5}),
        ("propose", task_id, token, {"proposal": {"a": 1}}),
        ("complete", task_id, token, {"result": RESULT}),
        ("complete", task_id, token, {"result": RESULT}),
    )
    assert [result["status"] for result in results] == [200] * 6
    assert (results[0]["body"]["state"], results[1]["body"]["state"]) == ("acked", "in_progress")
    assert results[4] == results[5]
    assert story(task_id)[-3:] == ["task.acked", "task.started", "task.completed"]
    sound(task_id)


def test_in_a_batch_one_that_is_refused_stops_no_other(floor: Floor, worker: Api) -> None:
    tasks = [floor.bring_to("assigned") for _ in range(4)]
    wrong = uuid4()
    results = batch(
        worker,
        *(("ack", task_id, token, {"start": True}) for task_id, token in tasks),
        ("ack", tasks[0][0], wrong, {}),
        ("ack", wrong, wrong, {}),
        ("complete", *tasks[0], {"result": RESULT}),
        ("suspend", *tasks[1], {}),
        ("start", *tasks[0], {}),
        ("fail", *tasks[2], {"error": {"type": "x"}}),
        ("release", *tasks[3], {}),
    )
    assert [result["status"] for result in results] == [200] * 4 + [
        409,
        404,
        200,
        200,
        409,
        200,
        200,
    ]
    assert results[4]["body"]["code"] == results[8]["body"]["code"] == "lease_lost"
    assert [state_of(task_id) for task_id, _ in tasks] == [
        "completed",
        "queued",
        "failed",
        "queued",
    ]
    for task_id, _ in tasks:
        sound(task_id)


def test_in_a_batch_a_refusal_writes_nothing(floor: Floor, worker: Api) -> None:
    task_id, token = floor.bring_to("assigned")
    before = everything()
    results = batch(
        worker, ("complete", task_id, token, {"result": {}}), ("start", task_id, token, {})
    )
    assert {result["body"]["code"] for result in results} == {"illegal_move"}
    assert everything() == before


def test_a_large_batch_is_one_event_each(floor: Floor, worker: Api) -> None:
    Agent.objects.update(max_concurrent_tasks=200)
    tasks = [floor.bring_to("assigned") for _ in range(30)]
    for op, body in (("ack", {"start": True}), ("complete", {"result": RESULT})):
        results = batch(worker, *((op, *task, body) for task in tasks))
        assert {result["status"] for result in results} == {200}
    for task_id, _ in tasks:
        assert story(task_id) == [
            "task.created",
            "task.assigned",
            "task.acked",
            "task.started",
            "task.completed",
        ]
        sound(task_id)


def test_the_reason_of_each_choice_is_in_its_event(floor: Floor) -> None:
    floor.appear()
    pushed = floor.create(required_capabilities=["digits"])
    pulled, _ = floor.bring_to("assigned")
    assert (told(pushed)["strategy"], told(pushed)["agent"]) == ("capability_match", "reader")
    assert "the only agent that could" in told(pushed)["reason"]
    assert told(pulled)["strategy"] == "pull"


def test_a_failed_attempt_keeps_its_error(floor: Floor) -> None:
    final = shapes.RetryPolicy(non_retryable_error_types=["ValueError"])
    task_id, token = floor.working(retry_policy=final)
    floor.fail(task_id, token)
    assert Attempt.objects.get().error == {
        "type": "ValueError",
        "message": "it broke",
        "retryable": True,
    }
    assert told(task_id)["will_retry_at"] is None
    sweep()
    assert state_of(task_id) == "escalated"


@pytest.mark.parametrize(
    "path", ["register", "claim", "batch", "tasks/{id}/ack", "tasks/{id}/delegate"]
)
def test_nobody_but_an_agent_gets_in(
    floor: Floor, client_for: ClientFor, admin: User, path: str
) -> None:
    task_id, _ = floor.bring_to("assigned")
    at = f"/worker/{path.format(id=task_id)}"
    assert client_for(admin).post(at).status_code == 403
    assert client_for(None).post(at).status_code == 401


def test_every_event_of_an_agent_names_it(floor: Floor) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token)
    signed = Event.objects.filter(entity_id=task_id, source="agent").values_list(
        "actor_label", "actor_kind", "user_id"
    )
    assert set(signed) == {("reader", "agent", None)}
    assert len(signed) == 4
