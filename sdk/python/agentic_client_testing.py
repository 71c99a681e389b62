"""A platform in memory, to test an agent without a server.

    from agentic_client import testing

    def test_it_refunds_what_the_person_allowed():
        fake = testing.FakePlatform()
        task_id = fake.add_task("refund", {"amount": 900})
        fake.edit({"function": "pay", "arguments": {"amount": 500}})
        assert fake.run(agent)[task_id].result == {"paid": 500}

It keeps the worker contract: leases that run out, fencing by token, idempotent endings, retries,
verdicts that hold for every attempt. There is no backoff between attempts, no persistence, and a
result is verified at once unless `reject_result` was called.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import json
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from agentic_client import Agent

Json = dict[str, Any]
Effect = int | Exception  # what an outage does: a status, or an exception of the connection

HELD = ("assigned", "acked", "in_progress")
DONE = ("verified", "cancelled", "escalated")
WORDS = {"approve": "approved", "edit": "edited", "reject": "rejected", "respond": "responded"}
CLAIMED = (
    *("id", "task_type", "title", "payload", "attempt", "max_attempts", "lease_token"),
    *("checkpoint", "resume", "feedback", "traceparent", "depth"),
)
ENDINGS = ("complete", "fail", "release", "suspend")


@dataclass(frozen=True)
class Verdict:
    """What a person says; `verdict` is approve, edit, reject or respond."""

    verdict: str
    proposal: Json | None = None
    reason_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Call:
    """One request that an agent made."""

    op: str
    task_id: str | None
    body: Json
    headers: httpx.Headers


@dataclass(frozen=True)
class Outcome:
    """How a task stands."""

    state: str
    result: Json | None
    error: Json | None
    attempts: int


@dataclass
class FakeTask:
    """A task, with what the agent told about it."""

    id: str
    task_type: str
    payload: Json
    title: str
    max_attempts: int
    parent: FakeTask | None = None
    traceparent: str | None = None
    state: str = "queued"
    attempt: int = 0
    failures: int = 0
    agent_id: str | None = None
    lease_token: str | None = None
    due: float = 0.0
    waits_for: str = "time"
    checkpoint: Json | None = None
    resume: Json | None = None
    feedback: list[Json] = field(default_factory=list)
    result: Json | None = None
    error: Json | None = None
    cancel_requested: bool = False
    overrides: list[Json] = field(default_factory=list)
    answers: dict[str, Json] = field(default_factory=dict)

    @property
    def depth(self) -> int:
        return self.parent.depth + 1 if self.parent else 0

    def chain(self) -> set[str | None]:
        """The agents that wait for this task and can therefore not work on it."""
        return {self.parent.agent_id} | self.parent.chain() if self.parent else set()


class _Refused(Exception):
    def __init__(self, status: int, code: str, detail: str, **more: Any) -> None:
        self.status = status
        self.problem = {"status": status, "code": code, "detail": detail, "title": code, **more}


class FakePlatform(httpx.BaseTransport):
    """The worker API in memory. `fake.run(agent)` works until every task is done.

    `calls` lists every request. Verdicts are scripted with `approve`, `edit`, `reject` and
    `respond`, one for each proposal in turn, or given by `reviewer`, a function of the decision.
    """

    url = "http://platform.test"

    def __init__(
        self,
        *,
        lease_seconds: float = 30.0,
        ack_seconds: float = 30.0,
        heartbeat_interval: float = 10.0,
        poll_wait: int = 1,
        reviewer: Callable[[Json], Verdict | None] | None = None,
    ) -> None:
        self.lease_seconds, self.ack_seconds = lease_seconds, ack_seconds
        self.heartbeat_interval, self.poll_wait = heartbeat_interval, poll_wait
        self.reviewer = reviewer
        self.tasks: dict[str, FakeTask] = {}
        self.decisions: dict[str, Json] = {}
        self.registered: dict[str, Json] = {}
        self.keys: dict[str, str] = {}
        self.calls: list[Call] = []
        self.feedback: list[Json] = []
        self._verdicts: deque[Verdict] = deque()
        self._result_verdicts: deque[Verdict] = deque()
        self._child_answers: dict[str, Json | None] = {}
        self._outages: list[tuple[str | None, Effect]] = []
        self._changed = threading.Condition()
        self._ops: dict[str, Callable[[FakeTask, Json], Json]] = {
            "ack": self._ack,
            "start": self._start,
            "heartbeat": self._heartbeat,
            "propose": self._propose,
            "delegate": self._delegate,
            "complete": self._complete,
            "fail": self._fail,
            "release": self._release,
            "suspend": self._suspend,
        }

    # What a test says

    def add_key(self, name: str = "agent") -> str:
        """The key of an agent of that name."""
        key = f"aap_test{len(self.keys)}_{uuid.uuid4().hex}"
        self.keys[key] = name
        return key

    def add_task(
        self,
        task_type: str,
        payload: Json | None = None,
        *,
        title: str = "",
        max_attempts: int = 3,
        traceparent: str | None = None,
        parent: FakeTask | None = None,
    ) -> str:
        """Queues a task and returns its id."""
        task_id = str(uuid.uuid4())
        title = title or task_type
        task = FakeTask(task_id, task_type, payload or {}, title, max_attempts, parent, traceparent)
        with self._changed:
            self.tasks[task_id] = task
            self._changed.notify_all()
        return task_id

    def approve(self) -> None:
        self._say(Verdict("approve"))

    def edit(self, proposal: Json) -> None:
        self._say(Verdict("edit", proposal))

    def reject(self, reason_code: str = "wrong", reason: str | None = None) -> None:
        self._say(Verdict("reject", None, reason_code, reason))

    def respond(self, reason: str) -> None:
        self._say(Verdict("respond", None, None, reason))

    def reject_result(self, reason_code: str = "wrong", reason: str | None = None) -> None:
        """A person will reject the next result: the task goes back with that feedback."""
        self._result_verdicts.append(Verdict("reject", None, reason_code, reason))

    def give_feedback(self, task_id: str, feedback_type: str, **content: Any) -> None:
        """Somebody tells how a task turned out: `agent.read_feedback()` finds it."""
        said = {"feedback_type": feedback_type, "content": content, "decision_id": None}
        about = {"id": str(uuid.uuid4()), "task_id": task_id, "created_at": _ahead(0)}
        self.feedback.append({**about, **said})

    def answer_child(self, task_type: str, result: Json | None) -> None:
        """Children of this type are done at once with this result, or cancelled for None."""
        self._child_answers[task_type] = result

    def cancel(self, task_id: str) -> None:
        """A person cancels the task: its lease is gone."""
        with self._changed:
            self._move(self.tasks[task_id], "cancelled")

    def ask_to_stop(self, task_id: str) -> None:
        """The platform asks the agent to stop; it still holds the lease."""
        self.tasks[task_id].cancel_requested = True

    def override(self, task_id: str, result: Json, reason: str = "") -> None:
        """A person decides the task, whatever the agent is doing."""
        with self._changed:
            task = self.tasks[task_id]
            said = {"verdict": "override", "status": "overridden", "decision_id": None}
            task.overrides = [{**said, "reason_code": None, "reason": reason, "proposal": result}]
            task.result = result
            self._move(task, "verified")

    def lose_lease(self, task_id: str) -> None:
        """The lease runs out now."""
        with self._changed:
            self._retry(self.tasks[task_id], "lease_lost")

    def break_next(self, times: int, effect: Effect = 503, *, only: str | None = None) -> None:
        """The next calls, or those of one kind, get this status or raise this httpx exception."""
        self._outages += [(only, effect)] * times

    # What a test reads

    @property
    def outcomes(self) -> dict[str, Outcome]:
        return {
            task.id: Outcome(task.state, task.result, task.error, task.attempt)
            for task in self.tasks.values()
        }

    @property
    def results(self) -> dict[str, Json | None]:
        """The results of what is verified."""
        return {task.id: task.result for task in self.tasks.values() if task.state == "verified"}

    def ops(self, task_id: str | None = None) -> list[str]:
        """The kinds of calls in order, of one task or of none in particular."""
        return [call.op for call in self.calls if call.task_id == task_id]

    def sent(self, op: str) -> list[Json]:
        """The bodies of the calls of one kind."""
        return [call.body for call in self.calls if call.op == op]

    def run(self, *agents: Agent, timeout: float = 10.0) -> dict[str, Outcome]:
        """Runs agents, each in a thread, until every task is done, and says how they ended."""
        runs = [self._launch(agent) for agent in agents]
        try:
            self._wait_until_done(runs, timeout)
        finally:
            self._stop(agents, runs)
        return self.outcomes

    def wait_for(self, condition: Callable[[], object], timeout: float = 5.0) -> None:
        """Waits until `condition`, a function of what the test sees, is true."""
        with self._changed:
            if not self._wait(condition, timeout):
                raise TimeoutError(f"not within {timeout} s; {self._situation()}")

    def _launch(self, agent: Agent) -> concurrent.futures.Future[None]:
        run: concurrent.futures.Future[None] = concurrent.futures.Future()
        agent.connect(self.url, self.add_key(agent.name or "agent"), self)

        def work() -> None:
            try:
                agent.run()
                run.set_result(None)
            except BaseException as error:
                run.set_exception(error)

        threading.Thread(target=work, daemon=True).start()
        return run

    def _wait_until_done(self, runs: list[concurrent.futures.Future[None]], timeout: float) -> None:
        def done() -> bool:
            ready = len(self.registered) >= len(self.keys)
            finished = ready and all(task.state in DONE for task in self.tasks.values())
            return finished or any(run.done() for run in runs)

        self.wait_for(done, timeout)

    def _stop(self, agents: tuple[Agent, ...], runs: list[concurrent.futures.Future[None]]) -> None:
        for agent in agents:
            agent.stop()
        for run in runs:
            run.result(timeout=30.0)

    def _situation(self) -> str:
        states = ", ".join(f"{task.task_type}: {task.state}" for task in self.tasks.values())
        asked = [d["proposal"] for d in self.decisions.values() if d["status"] == "pending"]
        return f"tasks are {states or 'none'}; nobody has decided on {asked}"

    # What the agent hears

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._changed:
            try:
                return httpx.Response(200, json=self._answer(request))
            except _Refused as refused:
                kind = {"Content-Type": "application/problem+json"}
                return httpx.Response(refused.status, json=refused.problem, headers=kind)
            finally:
                self._changed.notify_all()

    def _answer(self, request: httpx.Request) -> Json:
        path = request.url.path.removeprefix("/api/v1/worker/").split("/")
        body = json.loads(request.content or b"{}")
        op, task_id = (path[2], path[1]) if path[0] == "tasks" else (path[0], None)
        self.calls.append(Call(op, task_id, body, request.headers))
        self._outage(op)
        agent_id = self._authenticate(request)
        self._tick()
        if op == "decisions":
            return self._decision(path[1], float(request.url.params.get("wait", 25)))
        if task_id:
            return self._task_call(agent_id, op, task_id, body)
        if op == "feedback":
            return self._said_since(request.url.params)
        if op == "sign-off":
            return {"status": "busy" if body.get("finishing") else "offline"}
        return self._register(agent_id, body) if op == "register" else self._claim(agent_id, body)

    def _outage(self, op: str) -> None:
        for outage in self._outages:
            if outage[0] in (None, op):
                self._outages.remove(outage)
                if isinstance(outage[1], Exception):
                    raise outage[1]
                raise _Refused(outage[1], "unavailable", "scripted by the test")

    def _authenticate(self, request: httpx.Request) -> str:
        key = str(request.headers.get("Authorization", "")).removeprefix("Bearer ")
        if key not in self.keys:
            raise _Refused(401, "not_authenticated", "unknown key")
        return key

    def _register(self, agent_id: str, body: Json) -> Json:
        known = self.registered.get(
            agent_id, {"capabilities": [], "task_types": [], "concurrency": 1}
        )
        given = {name: body[name] for name in known if body.get(name) is not None}
        self.registered[agent_id] = known | given
        return {
            "agent_id": agent_id.split("_")[1],
            "name": self.keys[agent_id],
            "heartbeat_interval": self.heartbeat_interval,
            "lease_seconds": self.lease_seconds,
            "poll_wait": self.poll_wait,
            **self.registered[agent_id],
        }

    def _claim(self, agent_id: str, body: Json) -> Json:
        types, most = body.get("task_types"), body.get("max_tasks", 1)
        self._wait(lambda: self._claimable(agent_id, types), body.get("wait_seconds", 25))
        chosen = itertools.islice(self._claimable(agent_id, types), most)
        return {"tasks": [self._assign(agent_id, task) for task in chosen]}

    def _claimable(self, agent_id: str, types: list[str] | None) -> list[FakeTask]:
        return [
            task
            for task in self.tasks.values()
            if self._ready(task)
            and agent_id not in task.chain()
            and (types is None or task.task_type in types)
        ]

    def _ready(self, task: FakeTask) -> bool:
        if task.state != "queued" or task.due > time.monotonic():
            return False
        asked = [d for d in self.decisions.values() if d["task_id"] == task.id]
        children = [child for child in self.tasks.values() if child.parent is task]
        return {
            "time": True,
            "decision": all(decision["status"] != "pending" for decision in asked),
            "children": all(child.state in DONE for child in children),
        }[task.waits_for]

    def _assign(self, agent_id: str, task: FakeTask) -> Json:
        task.state, task.agent_id, task.lease_token = "assigned", agent_id, uuid.uuid4().hex
        task.attempt += 1
        task.due, task.waits_for = time.monotonic() + self.ack_seconds, "time"
        return {
            **{name: getattr(task, name) for name in CLAIMED},
            "description": "",
            "priority": "medium",
            "parent_id": task.parent.id if task.parent else None,
            "ack_seconds": self.ack_seconds,
            "lease_seconds": self.lease_seconds,
            "ack_by": _ahead(self.ack_seconds),
            "lease_expires_at": _ahead(self.ack_seconds),
        }

    def _task_call(self, agent_id: str, op: str, task_id: str, body: Json) -> Json:
        task = self.tasks.get(task_id)
        if task is None or op not in self._ops:
            raise _Refused(404, "not_found", "no such task")
        repeated = json.dumps([op, body], sort_keys=True)
        if op in ENDINGS and repeated in task.answers:
            return task.answers[repeated]
        self._fence(task, body)
        answer = self._ops[op](task, body)
        if op in ENDINGS:
            task.answers[repeated] = answer
        return answer

    def _fence(self, task: FakeTask, body: Json) -> None:
        if task.lease_token != body.get("lease_token") or task.state not in HELD:
            raise _Refused(
                409,
                "lease_lost",
                "the lease is no longer this attempt's",
                state=task.state,
                cancel_requested=task.state in ("cancelled", "escalated"),
                overrides=task.overrides,
            )

    def _ack(self, task: FakeTask, body: Json) -> Json:
        if body.get("start"):
            return self._start(task, body)
        task.state = "acked" if task.state == "assigned" else task.state
        return {"task_id": task.id, "state": task.state, **self._extend(task)}

    def _start(self, task: FakeTask, body: Json) -> Json:
        task.state = "in_progress"
        return {"task_id": task.id, "state": task.state, **self._extend(task)}

    def _heartbeat(self, task: FakeTask, body: Json) -> Json:
        task.checkpoint = body.get("checkpoint", task.checkpoint)
        decided = [d for d in self.decisions.values() if d["task_id"] == task.id and d["verdict"]]
        return {
            **self._extend(task),
            "cancel_requested": task.cancel_requested,
            "overrides": decided,
        }

    def _extend(self, task: FakeTask) -> Json:
        task.due = time.monotonic() + self.lease_seconds
        lease_expires_at = _ahead(self.lease_seconds)
        return {"lease_expires_at": lease_expires_at, "lease_seconds": self.lease_seconds}

    def _propose(self, task: FakeTask, body: Json) -> Json:
        kind, proposal = body.get("decision_type", "action"), body["proposal"]
        same = uuid.uuid5(uuid.UUID(task.id), json.dumps([kind, proposal], sort_keys=True))
        if str(same) not in self.decisions:
            self.decisions[str(same)] = {
                "decision_id": str(same),
                "task_id": task.id,
                "status": "pending",
                "decision_type": kind,
                "proposal": proposal,
                "verdict": None,
                "reason_code": None,
                "reason": None,
            }
        self._review(self.decisions[str(same)])
        return dict(self.decisions[str(same)])

    def _decision(self, decision_id: str, wait: float) -> Json:
        if decision_id not in self.decisions:
            raise _Refused(404, "not_found", "no such decision")
        decision = self.decisions[decision_id]
        task = self.tasks[decision["task_id"]]

        def decided() -> bool:
            task.due = max(task.due, time.monotonic() + self.lease_seconds)
            return bool(decision["verdict"]) or task.state not in HELD

        self._wait(decided, wait)
        return dict(decision)

    def _said_since(self, query: httpx.QueryParams) -> Json:
        ids = [said["id"] for said in self.feedback]
        first = ids.index(query["after"]) + 1 if "after" in query else 0
        limit = int(query["limit"])
        page = self.feedback[first : first + limit]
        return {"feedback": page, "next": page[-1]["id"] if len(page) == limit else None}

    def _review(self, decision: Json) -> None:
        if decision["verdict"]:
            return
        verdict = self.reviewer(dict(decision)) if self.reviewer else None
        if verdict is None and self._verdicts:
            verdict = self._verdicts.popleft()
        if verdict:
            self._decide(decision, verdict)

    def _decide(self, decision: Json, verdict: Verdict) -> None:
        decision.update(
            status=WORDS[verdict.verdict],
            verdict=verdict.verdict,
            reason_code=verdict.reason_code,
            reason=verdict.reason,
            proposal=verdict.proposal or decision["proposal"],
        )
        self._remember(self.tasks[decision["task_id"]], verdict, decision["proposal"])

    def _remember(self, task: FakeTask, verdict: Verdict, proposal: Json) -> None:
        feedback = {name: getattr(verdict, name) for name in ("verdict", "reason_code", "reason")}
        task.feedback.append({**feedback, "proposal": proposal, "decided_at": _ahead(0)})

    def _complete(self, task: FakeTask, body: Json) -> Json:
        task.result = body["result"]
        if not self._result_verdicts:
            self._move(task, "verified")
            return _ended(task, "completed", decision_id=str(uuid.uuid4()), review="auto")
        self._remember(task, self._result_verdicts.popleft(), body["result"])
        self._requeue(task, "rejected")
        return _ended(task, "completed", decision_id=str(uuid.uuid4()), review="person")

    def _fail(self, task: FakeTask, body: Json) -> Json:
        task.error = body["error"]
        if body.get("retryable", True):
            self._retry(task, "failed")
        else:
            self._move(task, "escalated")
        return _ended(task, "failed")

    def _release(self, task: FakeTask, body: Json) -> Json:
        if task.cancel_requested:
            self._move(task, "cancelled")
        else:
            self._requeue(task, "released")
        return _ended(task, "released")

    def _suspend(self, task: FakeTask, body: Json) -> Json:
        task.checkpoint = body.get("checkpoint", task.checkpoint)
        self._requeue(task, "suspended")
        task.due = time.monotonic() + body.get("resume_after", 0)
        task.waits_for = body.get("until", "time")
        return _ended(task, "suspended")

    def _delegate(self, task: FakeTask, body: Json) -> Json:
        child = self.tasks[self._child(task, body)]
        self._wait(lambda: child.state in DONE, body.get("wait_seconds", 0))
        return {"task_id": child.id, "state": child.state, "result": child.result}

    def _child(self, task: FakeTask, body: Json) -> str:
        words = {n: v for n, v in body.items() if n not in ("lease_token", "wait_seconds")}
        same = json.dumps(["child", body.get("key") or words], sort_keys=True)
        if same not in task.answers:
            kind = body.get("task_type", "default")
            child = self.add_task(kind, body.get("payload"), title=body["title"], parent=task)
            task.answers[same] = {"task_id": child}
            self._answer_child(self.tasks[child])
        return str(task.answers[same]["task_id"])

    def _answer_child(self, child: FakeTask) -> None:
        if child.task_type in self._child_answers:
            child.result = self._child_answers[child.task_type]
            self._move(child, "cancelled" if child.result is None else "verified")

    # How tasks move

    def _say(self, verdict: Verdict) -> None:
        with self._changed:
            self._verdicts.append(verdict)
            self._changed.notify_all()

    def _wait(self, condition: Callable[[], object], seconds: float) -> bool:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() >= end:
                return False
            self._changed.wait(0.02)  # short, so that a lease that runs out is noticed
            self._tick()
        return True

    def _tick(self) -> None:
        for decision in self.decisions.values():
            self._review(decision)
        for task in self.tasks.values():
            if task.state in HELD and task.due < time.monotonic():
                self._retry(task, "ack_missed" if task.state == "assigned" else "lease_lost")

    def _retry(self, task: FakeTask, reason: str) -> None:
        task.failures += 1
        if task.failures >= task.max_attempts:
            self._move(task, "escalated")
        else:
            self._requeue(task, reason)

    def _requeue(self, task: FakeTask, reason: str) -> None:
        task.resume, task.due = {"reason": reason, "attempt": task.attempt}, 0.0
        self._move(task, "queued")

    def _move(self, task: FakeTask, state: str) -> None:
        task.state, task.lease_token = state, None
        self._changed.notify_all()


def _ended(task: FakeTask, outcome: str, **more: Any) -> Json:
    return {"task_id": task.id, "attempt": task.attempt, "outcome": outcome, **more}


def _ahead(seconds: float) -> str:
    at = time.gmtime(time.time() + seconds)
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", at)
