from __future__ import annotations

from typing import Any

import pytest

from agentic_client import Agent, Rejected, Responded, Task, testing


def test_it_runs_the_function_with_the_edited_arguments(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    @agent.requires_approval(confidence=lambda amount, **_: 1 / amount)
    def pay(amount: int, *, to: str = "ann") -> dict[str, Any]:
        return {"paid": amount, "to": to}

    agent.task("refund")(lambda task: pay(task.payload["amount"]))
    fake.edit({"function": "pay", "arguments": {"amount": 5, "to": "bob"}})
    task_id = fake.add_task("refund", {"amount": 100})
    assert fake.run(agent)[task_id].result == {"paid": 5, "to": "bob"}
    (asked,) = fake.sent("propose")
    assert asked["proposal"] == {"function": "pay", "arguments": {"amount": 100, "to": "ann"}}
    assert (asked["decision_type"], asked["confidence"]) == ("pay", 0.01)


def test_it_runs_async_functions_with_the_edited_arguments(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    @agent.requires_approval(confidence=0.4, decision_type="payment")
    async def pay(*amounts: int) -> dict[str, int]:
        return {"paid": sum(amounts)}

    @agent.task("refund")
    async def refund(task: Task) -> dict[str, int]:
        return await pay(40, 60)

    fake.edit({"function": "pay", "arguments": {"amounts": [1, 2]}})
    task_id = fake.add_task("refund")
    assert fake.run(agent)[task_id].result == {"paid": 3}
    assert fake.sent("propose")[0]["decision_type"] == "payment"


def test_it_does_not_run_what_was_rejected(agent: Agent, fake: testing.FakePlatform) -> None:
    paid = []

    @agent.requires_approval(confidence=0.9)
    def pay(amount: int) -> None:
        paid.append(amount)

    agent.task("refund")(lambda task: pay(10))
    fake.reject("fraud", "known address")
    task_id = fake.add_task("refund")
    outcome = fake.run(agent)[task_id]
    assert (paid, outcome.state, outcome.attempts) == ([], "escalated", 1)
    assert outcome.error == {"type": "Rejected", "message": "fraud: known address"}


@pytest.mark.parametrize(
    "edit",
    [
        {"function": "pay", "arguments": {"amount": 1, "currency": "EUR"}},
        {"function": "burn", "arguments": {"amount": 1}},
        {"amount": 1},
    ],
)
def test_it_does_not_run_an_edit_that_is_another_call(
    agent: Agent, fake: testing.FakePlatform, edit: dict[str, Any]
) -> None:
    agent.task("refund")(lambda task: agent.requires_approval()(pay)(10))
    fake.edit(edit)
    task_id = fake.add_task("refund")
    outcome = fake.run(agent)[task_id]
    assert outcome.state == "escalated"
    assert outcome.error
    assert outcome.error["message"].startswith("unusable_edit")


def pay(amount: int) -> dict[str, int]:
    return {"paid": amount}


def test_it_asks_only_with_arguments_that_are_json(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    agent.task("refund")(lambda task: agent.requires_approval()(pay)(amount=object()))  # type: ignore[arg-type]
    task_id = fake.add_task("refund", max_attempts=1)
    outcome = fake.run(agent)[task_id]
    assert outcome.error
    assert outcome.error["type"] == "TypeError"
    assert fake.decisions == {}


def test_it_waits_for_a_person_who_takes_long(agent: Agent, fake: testing.FakePlatform) -> None:
    agent.task("act")(lambda task: task.propose({"act": 1}))
    edit = testing.Verdict("edit", {"act": 2})
    fake.reviewer = lambda decision: edit if len(fake.sent("heartbeat")) > 1 else None
    task_id = fake.add_task("act")
    assert fake.run(agent)[task_id].result == {"act": 2}
    assert fake.sent("decisions")


def test_it_hands_the_answer_of_a_person_to_the_handler(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    @agent.task("mail")
    async def mail(task: Task) -> dict[str, Any]:
        try:
            return await task.apropose({"text": "Hi"})
        except Responded as answer:
            return await task.apropose({"text": f"Hi {answer.reason}"})

    fake.respond("Ann")
    fake.approve()
    task_id = fake.add_task("mail")
    assert fake.run(agent)[task_id].result == {"text": "Hi Ann"}


def test_it_lets_a_handler_go_on_after_a_rejection(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    @agent.task("act")
    def act(task: Task) -> dict[str, Any]:
        try:
            return task.propose({"delete": "all"})
        except Rejected as rejected:
            return {"code": rejected.reason_code, "reason": rejected.reason}

    fake.reject("too_much", "only the old ones")
    task_id = fake.add_task("act")
    assert fake.run(agent)[task_id].result == {"code": "too_much", "reason": "only the old ones"}


def test_it_can_stop_waiting_and_come_back_for_the_verdict(
    agent: Agent, fake: testing.FakePlatform
) -> None:
    @agent.task("act")
    def act(task: Task) -> dict[str, Any]:
        try:
            return task.propose({"act": 1}, timeout=0)
        except TimeoutError:
            task.suspend(until="decision")

    approval = testing.Verdict("approve")
    fake.reviewer = lambda decision: approval if fake.sent("suspend") else None
    task_id = fake.add_task("act")
    outcome = fake.run(agent)[task_id]
    assert (outcome.result, outcome.attempts) == ({"act": 1}, 2)
