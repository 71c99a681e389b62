"""The six steps of a task's life, over HTTP and in the services: one at a time and by the hundred."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from bench.cast import BenchAgent, Person
from bench.http import Connection
from decisions import shapes
from decisions.models.decision import Verdict
from decisions.services.calls import carry_out, carry_out_batch
from decisions.services.claims import claim
from decisions.services.creation import create_tasks
from decisions.services.verdicts import decide, decide_many

STEPS = ("create", "claim", "ack", "start", "complete", "verify")
CONFIDENCE = 0.42  # too low to pass by itself: a person looks
RESULT = {"label": 7, "image": "digits/0042"}


@dataclass(frozen=True)
class Trio:
    """Who it takes for a task to come and go."""

    manager: Person
    agent: BenchAgent
    reviewer: Person


def wanted(agent: BenchAgent) -> dict[str, Any]:
    return {
        "title": "Read the digit",
        "task_type": "digits",
        "payload": {"image": "digits/0042"},
        "required_capabilities": [agent.capability],
    }


def complete(lease_token: Any) -> dict[str, Any]:
    return {"lease_token": lease_token, "result": RESULT, "confidence": CONFIDENCE}


def walk(trio: Trio) -> Callable[[Connection], Awaitable[int]]:
    """Six calls; the result goes to a person."""
    maker, key = trio.manager.token, trio.agent.key

    async def once(http: Connection) -> int:
        await http.post("/decisions/task", maker, wanted(trio.agent))
        (task,) = (await http.post("/worker/claim", key, {"wait_seconds": 0}))["tasks"]
        path, lease = f"/worker/tasks/{task['id']}", {"lease_token": task["lease_token"]}
        await http.post(f"{path}/ack", key, lease)
        await http.post(f"{path}/start", key, lease)
        done = await http.post(f"{path}/complete", key, complete(task["lease_token"]))
        decision = f"/decisions/decision/{done['decision_id']}/review"
        await http.post(decision, trio.reviewer.token, {"verdict": "approve"})
        return 1

    return once


def walk_by(size: int, trio: Trio) -> Callable[[Connection], Awaitable[int]]:
    """The same six steps, `size` tasks at each."""
    maker, key = trio.manager.token, trio.agent.key

    async def once(http: Connection) -> int:
        await http.post("/decisions/tasks", maker, {"tasks": [wanted(trio.agent)] * size})
        asked = {"max_tasks": size, "wait_seconds": 0}
        tasks = (await http.post("/worker/claim", key, asked))["tasks"]
        for op in ("ack", "start"):
            await http.post("/worker/batch", key, {"operations": leases(op, tasks)})
        done = await http.post("/worker/batch", key, {"operations": completions(tasks)})
        reviews = [approval(one["body"]["decision_id"]) for one in done["results"]]
        results = await http.post("/decisions/reviews", trio.reviewer.token, {"reviews": reviews})
        if any(one["status"] != 200 for one in results["results"]):
            raise RuntimeError(str(results))
        return len(tasks)

    return once


def leases(op: str, tasks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"op": op, "task_id": t["id"], "lease_token": t["lease_token"]} for t in tasks]


def completions(
    tasks: list[dict[str, Any]], confidence: float = CONFIDENCE
) -> list[dict[str, Any]]:
    said = {"result": RESULT, "confidence": confidence}
    return [{**lease, **said} for lease in leases("complete", tasks)]


def approval(decision_id: Any) -> dict[str, Any]:
    return {"decision_id": decision_id, "verdict": "approve"}


def services(trio: Trio) -> list[Callable[[Any], Any]]:
    """The six steps without HTTP; each takes what the one before has left."""
    agent, calling = trio.agent, trio.agent.calling
    new = msgspec.convert(wanted(agent), shapes.NewTask)

    def claim_one(_: Any) -> Any:
        (task,) = claim(agent=calling, actor=agent.actor, max_tasks=1, task_types=None)
        return task

    def ack(task: Any) -> Any:
        carry_out(shapes.Ack(**lease(task)), agent_id=agent.id, actor=agent.actor)
        return task

    def start(task: Any) -> Any:
        carry_out(shapes.Start(**lease(task)), agent_id=agent.id, actor=agent.actor)
        return task

    def finish(task: Any) -> Any:
        call = shapes.Complete(**lease(task), result=RESULT, confidence=CONFIDENCE)
        return carry_out(call, agent_id=agent.id, actor=agent.actor)

    def verify(answer: Any) -> Any:
        review = shapes.ReviewOf(decision_id=answer["decision_id"], verdict=Verdict.APPROVE)
        decide(review, actor=trio.reviewer.actor)

    return [
        lambda _: create_tasks([new], actor=trio.manager.actor),
        claim_one, ack, start, finish, verify,
    ]  # fmt: skip


def services_by(size: int, trio: Trio) -> list[Callable[[Any], Any]]:
    agent, calling = trio.agent, trio.agent.calling
    new = [msgspec.convert(wanted(agent), shapes.NewTask)] * size

    def batch(calls: list[Any]) -> list[Any]:
        return carry_out_batch(calls, agent_id=agent.id, actor=agent.actor)

    def ack(tasks: Any) -> Any:
        batch([shapes.Ack(**lease(task)) for task in tasks])
        return tasks

    def start(tasks: Any) -> Any:
        batch([shapes.Start(**lease(task)) for task in tasks])
        return tasks

    def finish(tasks: Any) -> Any:
        return batch(
            [shapes.Complete(**lease(task), result=RESULT, confidence=CONFIDENCE) for task in tasks]
        )

    def verify(answers: Any) -> Any:
        reviews = [
            shapes.ReviewOf(decision_id=one["decision_id"], verdict=Verdict.APPROVE)
            for one in answers
        ]
        decide_many(reviews, actor=trio.reviewer.actor)

    return [
        lambda _: create_tasks(new, actor=trio.manager.actor),
        lambda _: claim(agent=calling, actor=agent.actor, max_tasks=size, task_types=None),
        ack, start, finish, verify,
    ]  # fmt: skip


def lease(task: dict[str, Any]) -> dict[str, Any]:
    return {"task_id": task["id"], "lease_token": task["lease_token"]}
