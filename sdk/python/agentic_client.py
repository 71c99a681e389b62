"""The client of the Agentic Agent Platform: take tasks, ask before acting, hand in results.

    agent = Agent(capabilities=["refunds"])

    @agent.task("refund")
    def refund(task: Task) -> dict[str, object]:
        return {"paid": pay(task.payload["amount"])}

    agent.run()

AGENTIC_URL and AGENTIC_KEY say where the platform is and which agent this is.
"""

from __future__ import annotations

import argparse
import asyncio
import concurrent.futures
import contextvars
import email.utils
import functools
import importlib
import inspect
import itertools
import json
import logging
import math
import os
import queue
import random
import re
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar, cast

import httpx

__version__ = "0.1.0"

Json = dict[str, Any]
P = ParamSpec("P")
R = TypeVar("R")
H = TypeVar("H", bound=Callable[..., Any])

log = logging.getLogger("agentic_client")

FIRST_DELAY, LONGEST_DELAY = 0.2, 10.0  # seconds between tries of a call, doubled each time
CALL_TIMEOUT = 10.0  # seconds; a long poll gets this on top of its own wait
SHORTEST_BEAT_GAP = 0.2  # seconds; a handler that reports in a tight loop is thinned out to this
FEEDBACK_PAGE = 100  # of what was said, read at once
LAST_WORDS = 5.0  # seconds for handing tasks back once the grace is over
STOPPING = {"reason": "the agent is stopping"}
LONGEST_MESSAGE = 2000  # characters of an exception's text that travel with a failure


class AgenticError(Exception):
    """What this client raises."""


class ConfigError(AgenticError):
    """The agent cannot start as it was set up."""


class PlatformError(AgenticError):
    """The platform refused a call; `problem` is its problem+json, `code` and `status` are of it."""

    def __init__(self, problem: Json, retry_after: float = 0.0) -> None:
        self.problem, self.retry_after = problem, retry_after
        self.status, self.code = int(problem.get("status", 0)), str(problem.get("code", ""))
        fields = f" {problem['errors']}" if problem.get("errors") else ""
        said = problem.get("detail") or problem.get("title")
        super().__init__(f"{self.status} {self.code}: {said}{fields}")


class NotAuthenticated(PlatformError):
    """The platform does not take the key."""

    def __str__(self) -> str:
        return "the platform refused the key in AGENTIC_KEY: it is unknown, expired or revoked"


class Unreachable(AgenticError):
    """The platform did not answer for as long as an answer was of use."""


class Cancelled(AgenticError):
    """Somebody wants this task stopped. Clean up and let this pass: the task is given back."""


class LeaseLost(AgenticError):
    """The task is no longer this agent's, and nothing it says about it counts any more."""


class Rejected(AgenticError):
    """A person said no, or nobody said yes in time (`reason_code` is then "expired")."""

    def __init__(self, reason_code: str, reason: str | None = None) -> None:
        self.reason_code, self.reason = reason_code, reason
        super().__init__(f"{reason_code}: {reason}" if reason else reason_code)


class Responded(AgenticError):
    """A person answered with `reason` instead of a verdict: act on it and propose again."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class DelegationFailed(AgenticError):
    """The delegated task was cancelled."""

    def __init__(self, task_id: str) -> None:
        self.task_id = task_id
        super().__init__(f"the delegated task {task_id} was cancelled")


class NoHandler(AgenticError):
    """The agent was given a task of a type that it has no handler for."""


# Trying again would end the same way: a verdict holds for every attempt of a task, a cancelled
# child stays cancelled, and what the platform refused once (too large, not valid) it refuses again.
FINAL = (Rejected, DelegationFailed, PlatformError, NoHandler)


class _Ending(BaseException):
    """Leaves a handler early. Not an Exception: a handler's `except Exception` must not stop it."""

    def __init__(self, op: str, body: Json) -> None:
        self.op, self.body = op, body
        super().__init__(op)


@dataclass(frozen=True)
class Result:
    """What a handler returns when it has more to say than the result itself."""

    result: Json
    confidence: float | None = None
    rationale: str | None = None
    evidence: Json | None = None


def _given(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Json) -> Json:
    """A copy that is JSON and nothing else, so that later changes by the handler do not matter."""
    if not isinstance(value, dict):
        raise TypeError(f"expected a dict, got {type(value).__name__}")
    text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    return cast(Json, json.loads(text.encode()))  # encoded, so that a lone surrogate fails here


def _is_async(function: Callable[..., Any]) -> bool:
    call = getattr(function, "__call__", None)  # noqa: B004  (an object with an async __call__)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call)


async def _off_loop(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """asyncio.to_thread on a daemon thread: its pool has few threads and is joined at exit, so
    that a few waits for people would starve every other handler and hold up the stop."""
    done: concurrent.futures.Future[R] = concurrent.futures.Future()
    done.set_running_or_notify_cancel()
    context = contextvars.copy_context()

    def work() -> None:
        try:
            done.set_result(context.run(function, *args, **kwargs))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, name="agentic-wait", daemon=True).start()
    return await asyncio.wrap_future(done)


# --- HTTP -----------------------------------------------------------------------------------------


def _passes(error: httpx.TransportError | PlatformError) -> bool:
    """Whether the same call may succeed a moment later."""
    if isinstance(error, PlatformError):
        return error.status >= 500 or error.status == 429 or error.code == "conflict"
    return True


def _delay(tries: int, error: Exception) -> float:
    backoff = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(tries, 10))
    return max(backoff * random.uniform(0.5, 1.0), getattr(error, "retry_after", 0.0))


def _seconds(retry_after: str) -> float:
    return min(float(retry_after), 60.0) if retry_after.isdecimal() else 0.0


def _server_url(server: str | None) -> str:
    try:
        url = httpx.URL((server or "").strip().rstrip("/"))
    except httpx.InvalidURL:
        url = httpx.URL()
    # A name and password in the address would take the place of the key.
    if url.scheme not in ("http", "https") or not url.host or url.userinfo:
        raise ConfigError("set AGENTIC_URL to the platform's address, as https://platform.example")
    return str(url)


def _usable_key(key: str | None) -> str:
    # A key with a line break in it would be quoted in the error text of the HTTP library.
    if not key or not re.fullmatch(r"[!-~]+", key.strip()):
        raise ConfigError("set AGENTIC_KEY to the agent's key, as the platform showed it: aap_...")
    return key.strip()


class _Wire:
    """The one place that knows the key, when to try again, and what an error looks like."""

    def __init__(self, server: str, key: str, transport: httpx.BaseTransport | None) -> None:
        self._key = key
        self._socket: socket.socket | None = None  # the last one opened
        self._client = httpx.Client(
            base_url=f"{server}/api/v1/worker",
            headers={
                "Authorization": f"Bearer {key}",
                "User-Agent": f"agentic-client/{__version__}",
            },
            limits=httpx.Limits(max_connections=None),  # each handler may sit in a long poll
            transport=transport,
        )

    def __enter__(self) -> _Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def clean(self, text: str) -> str:
        """Text that may be logged or sent: without the key, and without what no JSON takes."""
        text = text.replace(self._key, "[key]").replace("\x00", "")
        return text.encode("utf-8", "replace").decode()

    def request(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        wait: float = 0.0,
        timeout: float = CALL_TIMEOUT,
        trace: str | None = None,
    ) -> httpx.Response:
        # The read may take as long as the platform's own wait, or each quiet poll would fail.
        limits = httpx.Timeout(timeout, read=timeout + wait)
        headers = _given(traceparent=trace)
        options: Json = {"headers": headers, "extensions": {"trace": self._on_event}}
        return self._client.request(method, path, json=body, timeout=limits, **options)

    def _on_event(self, event: str, info: Json) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = info["return_value"].get_extra_info("socket")

    def hang_up(self) -> bool:
        """Ends a long poll of another thread; closing the client would leave it waiting. Without
        this, what a stopping agent releases could be handed to its own last poll."""
        if self._socket is None:
            return False
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
        return True

    def send(self, method: str, path: str, body: Json | None = None, **options: Any) -> Json:
        """One try."""
        response = self.request(method, path, body, **options)
        answer = self._object(response)
        if response.is_success and answer is not None:
            return answer
        after = _seconds(response.headers.get("Retry-After", ""))
        refused = NotAuthenticated if response.status_code == 401 else PlatformError
        raise refused({"status": response.status_code, **self._problem(response)}, after)

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        keep_trying: Callable[[], bool],
        **options: Any,
    ) -> Json:
        """Tries until it is answered or `keep_trying` says no. Safe, as every call may be
        repeated with the same body."""
        for tries in itertools.count():
            try:
                return self.send(method, path, body, **options)
            except (httpx.TransportError, PlatformError) as error:
                if not _passes(error):
                    raise
                delay, reason = _delay(tries, error), self.clean(str(error) or repr(error))
            if not keep_trying():
                break
            log.warning("%s: %s; trying again in %.1f s", path, reason, delay)
            time.sleep(delay)
        raise Unreachable(f"{path}: {reason}")

    def _object(self, response: httpx.Response) -> Json | None:
        try:
            answer = json.loads(self.clean(response.text) if response.is_error else response.text)
        except ValueError:
            return None
        return answer if isinstance(answer, dict) else None

    def _problem(self, response: httpx.Response) -> Json:
        if response.is_error and (problem := self._object(response)):
            return problem
        return {"code": "unexpected", "detail": "the answer is not one of the platform's API"}


# --- What a handler sees --------------------------------------------------------------------------

_current: contextvars.ContextVar[Task] = contextvars.ContextVar("agentic_task")


def current_task() -> Task:
    """The task whose handler is running here."""
    try:
        return _current.get()
    except LookupError:
        raise AgenticError("this can only be called while a task is being handled") from None


@dataclass(frozen=True)
class _Pace:
    """The timings that the platform dictates, and what wakes the heartbeat thread."""

    poll_wait: int
    beat_every: float
    nudge: threading.Event


class Task:
    """One attempt at one task.

    `checkpoint`, `resume` and `feedback` tell what earlier attempts left; `cancelled` is an Event
    that is set when somebody wants the work stopped; `overrides` lists what people decided.
    """

    def __init__(self, claimed: Json, wire: _Wire, pace: _Pace) -> None:
        self.id: str = claimed["id"]
        self.task_type: str = claimed["task_type"]
        self.title: str = claimed.get("title", "")
        self.description: str = claimed.get("description") or ""
        self.priority: str = claimed.get("priority", "medium")
        self.payload: Json = claimed.get("payload") or {}
        self.attempt: int = claimed["attempt"]
        self.max_attempts: int = claimed["max_attempts"]
        self.checkpoint: Json | None = claimed.get("checkpoint")
        self.resume: Json | None = claimed.get("resume")
        self.feedback: list[Json] = claimed.get("feedback") or []
        self.traceparent: str | None = claimed.get("traceparent")
        self.parent_id: str | None = claimed.get("parent_id")
        self.depth: int = claimed.get("depth", 0)
        self.overrides: list[Json] = []
        self.cancelled = threading.Event()
        self._token: str = claimed["lease_token"]
        self._wire, self._pace = wire, pace
        self._lock = threading.Lock()
        self._news: Json = {}
        self._ended = False
        self._lost: str | None = None
        self._last_beat, self._next_beat = time.monotonic(), math.inf  # no beat before the ack
        self._lease_ends = time.monotonic() + claimed.get("ack_seconds", CALL_TIMEOUT)

    def __repr__(self) -> str:
        return f"<Task {self.id} {self.task_type!r}, attempt {self.attempt} of {self.max_attempts}>"

    def progress(
        self,
        fraction: float | None = None,
        message: str | None = None,
        *,
        checkpoint: Json | None = None,
    ) -> None:
        """Tells how far the work is (0..1) and keeps `checkpoint` for the next attempt.

        Never waits: the heartbeat thread sends it. So it can be called from async bodies too.
        """
        if fraction is not None and not 0 <= fraction <= 1:
            raise ValueError("progress goes from 0 to 1")
        kept = None if checkpoint is None else _plain(checkpoint)
        with self._lock:
            self._news |= _given(progress=fraction, message=message, checkpoint=kept)
        self._next_beat = min(self._next_beat, self._last_beat + SHORTEST_BEAT_GAP)
        self._pace.nudge.set()

    def check(self) -> None:
        """Raises `Cancelled` or `LeaseLost` when a heartbeat said so. Never waits."""
        if self.cancelled.is_set() or self._lost is not None:
            raise self._stopped()

    def propose(
        self,
        proposal: Json,
        *,
        decision_type: str = "action",
        confidence: float | None = None,
        rationale: str | None = None,
        evidence: Json | None = None,
        timeout: float | None = None,
    ) -> Json:
        """Asks before acting; waits for the verdict and returns the proposal to act on, which is
        the person's version when it was edited. Raises `Rejected`, `Responded`, or TimeoutError
        after `timeout` seconds; the same proposal made again gets the same verdict."""
        body = _given(confidence=confidence, rationale=rationale, evidence=evidence)
        body |= {"proposal": proposal, "decision_type": decision_type}
        deadline, decision = _deadline(timeout), self._call("propose", _plain(body))
        while decision["status"] == "pending":
            wait = self._poll(deadline)
            path = f"/decisions/{decision['decision_id']}?wait={wait}"
            decision = self._ask("GET", path, wait=wait)
        return self._permitted(decision)

    def delegate(
        self,
        title: str,
        *,
        task_type: str = "default",
        payload: Json | None = None,
        description: str | None = None,
        priority: str | None = None,
        required_capabilities: Sequence[str] | None = None,
        agent_id: str | None = None,
        key: str | None = None,
        wait: bool = True,
        timeout: float | None = None,
    ) -> Json:
        """Makes a task for another agent and returns its result; `DelegationFailed` when it was
        cancelled. With `wait=False` returns `{task_id, state, result}` at once. The same call made
        again is the same child, unless `key` differs."""
        body = _given(description=description, priority=priority, agent_id=agent_id, key=key)
        if required_capabilities is not None:
            body["required_capabilities"] = list(required_capabilities)
        body |= {"title": title, "task_type": task_type, "payload": _plain(payload or {})}
        deadline, child = _deadline(timeout), self._call("delegate", body)
        while wait and child["state"] not in ("verified", "cancelled"):
            seconds = self._poll(deadline)
            child = self._call("delegate", {**body, "wait_seconds": seconds}, wait=seconds)
        return _child_result(child) if wait else child

    # Two names for each of the two calls that wait, because a plain function cannot be awaited and
    # must not be called from an async body, where its wait would stop every other async handler.

    async def apropose(self, proposal: Json, **options: Any) -> Json:
        """`propose`, to be awaited."""
        return await _off_loop(self.propose, proposal, **options)

    async def adelegate(self, title: str, **options: Any) -> Json:
        """`delegate`, to be awaited."""
        return await _off_loop(self.delegate, title, **options)

    def suspend(
        self, checkpoint: Json | None = None, *, until: str = "time", resume_after: int = 0
    ) -> NoReturn:
        """Ends this attempt and frees the slot. The task comes back after `resume_after` seconds,
        or `until` the pending "decision" or the "children" are done, with its checkpoint."""
        kept = None if checkpoint is None else _plain(checkpoint)
        body = _given(checkpoint=kept, until=until, resume_after=resume_after)
        raise _Ending("suspend", body)

    def release(self, reason: str) -> NoReturn:
        """Gives the task back for somebody else, with its last checkpoint."""
        raise _Ending("release", {"reason": reason})

    def _call(self, op: str, body: Json, *, wait: int = 0) -> Json:
        body = {"lease_token": self._token, **body}
        return self._ask("POST", f"/tasks/{self.id}/{op}", body, wait=wait)

    def _ask(self, method: str, path: str, body: Json | None = None, **options: Any) -> Json:
        options |= {"trace": self.traceparent, "keep_trying": self._holds_lease}
        try:
            return self._wire.call(method, path, body, **options)
        except Unreachable as error:
            self._lose({"detail": str(error)})
        except PlatformError as error:
            if error.code != "lease_lost":
                raise
            self._lose(error.problem)
        raise self._stopped()

    def _poll(self, deadline: float) -> int:
        """Whole seconds that the next long poll may take."""
        self.check()
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"no answer in time for task {self.id}")
        return min(self._pace.poll_wait, math.ceil(min(left, 50)))

    def _permitted(self, decision: Json) -> Json:
        status = decision["status"]
        if status in ("approved", "auto_approved", "edited"):
            return cast(Json, decision["proposal"])
        if status == "responded":
            raise Responded(decision.get("reason") or "")
        if status == "overridden":
            self._lose({"detail": "a person decided instead", "overrides": [decision]})
            raise self._stopped()
        raise Rejected(decision.get("reason_code") or status, decision.get("reason"))

    def _stopped(self) -> Cancelled | LeaseLost:
        if self.cancelled.is_set():
            return Cancelled(f"task {self.id} was asked to stop")
        return LeaseLost(f"task {self.id} is no longer this agent's: {self._lost}")

    def _holds_lease(self) -> bool:
        return self._lost is None and time.monotonic() < self._lease_ends

    def _lose(self, problem: Json) -> None:
        self.overrides = problem.get("overrides") or self.overrides
        if self._lost is None:
            self._lost = str(problem.get("detail") or problem.get("title") or "lease lost")
        if problem.get("cancel_requested"):
            self.cancelled.set()

    def _begin(self) -> None:
        sent_at = time.monotonic()
        self._renew(self._call("ack", {"start": True}), sent_at)

    def _renew(self, answer: Json, sent_at: float) -> None:
        # Counted from the moment of sending: by this clock the lease never ends later than it does.
        lease = float(answer["lease_seconds"])
        self._lease_ends, self._last_beat = sent_at + lease, sent_at
        gap = SHORTEST_BEAT_GAP if self._news else min(lease / 3, self._pace.beat_every)
        self._next_beat = sent_at + gap

    def _alive(self) -> bool:
        return not self._ended and self._lost is None

    def _beat(self) -> None:
        sent_at, news = time.monotonic(), dict(self._news)
        body = {"lease_token": self._token, **news}
        timeout = max(1.0, min(CALL_TIMEOUT, self._lease_ends - sent_at))
        path = f"/tasks/{self.id}/heartbeat"
        try:
            answer = self._wire.send("POST", path, body, timeout=timeout, trace=self.traceparent)
        except (httpx.TransportError, PlatformError) as error:
            self._missed(error, news)
        else:
            self._heard(answer, news, sent_at)

    def _heard(self, answer: Json, news: Json, sent_at: float) -> None:
        self._told(news)
        self._renew(answer, sent_at)
        self.overrides = answer.get("overrides") or self.overrides
        if answer.get("cancel_requested"):
            self.cancelled.set()

    def _missed(self, error: httpx.TransportError | PlatformError, news: Json) -> None:
        now = time.monotonic()
        self._last_beat, self._next_beat = now, now + min(1.0, self._pace.beat_every)
        log.warning("heartbeat of %r: %s", self, self._wire.clean(str(error) or repr(error)))
        if isinstance(error, NotAuthenticated):
            raise error
        if _passes(error):
            if now >= self._lease_ends:
                self._lose({"detail": "no heartbeat got through until the lease had run out"})
        elif isinstance(error, PlatformError) and error.status in (400, 413):
            self._told(news)  # what the handler reported is refused: the lease must not die of it
        elif isinstance(error, PlatformError):
            self._lose(error.problem)

    def _told(self, news: Json) -> None:
        """Forgets what was sent, and keeps what the handler has reported since."""
        with self._lock:
            self._news = {k: v for k, v in self._news.items() if news.get(k) is not v}

    def _end(self) -> bool:
        """True for the one caller that may say how this attempt ended."""
        with self._lock:
            first, self._ended = not self._ended, True
        return first and self._lost is None

    def _hand_in(self, op: str, body: Json) -> None:
        while self._news and op != "complete" and self._holds_lease():
            self._beat()  # the checkpoint has to be there before the next attempt is
            time.sleep(FIRST_DELAY if self._news else 0)
        self._call(op, body)


def _child_result(child: Json) -> Json:
    if child["state"] == "cancelled":
        raise DelegationFailed(child["task_id"])
    return child["result"] or {}


def _deadline(timeout: float | None) -> float:
    return math.inf if timeout is None else time.monotonic() + timeout


def _feedback_page(wire: _Wire, after: str | None) -> Json:
    until = _deadline(CALL_TIMEOUT)
    path = f"/feedback?limit={FEEDBACK_PAGE}" + (f"&after={after}" if after else "")
    return wire.call("GET", path, keep_trying=lambda: time.monotonic() < until)


# --- Running --------------------------------------------------------------------------------------


class Agent:
    """Handlers and how to run them.

    `non_retryable` names exception classes after which a person should look instead of a retry;
    `grace` is the number of seconds that running handlers get when the process is stopped.
    """

    def __init__(
        self,
        name: str | None = None,
        *,
        server: str | None = None,
        key: str | None = None,
        capabilities: Sequence[str] | None = None,
        concurrency: int = 1,
        version: str | None = None,
        framework: str = "agentic-client",
        grace: float = 20.0,
        non_retryable: Sequence[type[BaseException]] = (),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.name, self.version, self.framework = name, version, framework
        self.capabilities = None if capabilities is None else list(capabilities)
        self.concurrency, self.grace = concurrency, grace
        self.non_retryable = (*FINAL, *non_retryable)
        self._handlers: dict[str | None, Callable[[Task], Any]] = {}
        self._run: _Run | None = None
        self.connect(server, key, transport)

    def __repr__(self) -> str:
        return f"<Agent {self.name or 'unnamed'}, handles {self.task_types or 'every type'}>"

    def connect(
        self, server: str | None, key: str | None, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Where the next run goes; None means the environment's AGENTIC_URL and AGENTIC_KEY."""
        self._server, self._key, self._transport = server, key, transport

    def _wire(self) -> _Wire:
        server = _server_url(self._server or os.environ.get("AGENTIC_URL"))
        key = _usable_key(self._key or os.environ.get("AGENTIC_KEY"))
        return _Wire(server, key, self._transport)

    @property
    def task_types(self) -> list[str] | None:
        """The types to claim; None, which is every type, with a default handler."""
        return None if None in self._handlers else sorted(str(name) for name in self._handlers)

    def task(self, task_type: str | None = None) -> Callable[[H], H]:
        """Decorates the handler of a task type; without a type, of everything else."""
        if callable(task_type):
            raise TypeError("write @agent.task() or @agent.task('type'), with parentheses")
        if task_type in self._handlers:
            raise ConfigError(f"two handlers for {task_type or 'the default'}")

        def remember(handler: H) -> H:
            self._handlers[task_type] = handler
            return handler

        return remember

    def _handler(self, task_type: str) -> Callable[[Task], Any]:
        handler = self._handlers.get(task_type) or self._handlers.get(None)
        if handler is None:
            raise NoHandler(f"no handler for tasks of type {task_type!r}")
        return handler

    def requires_approval(
        self,
        *,
        confidence: float | Callable[..., float] | None = None,
        decision_type: str | None = None,
        rationale: str | Callable[..., str] | None = None,
    ) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Decorates a function that a person has to allow: it runs with the arguments of the
        verdict, which may be edited, or raises `Rejected`. `confidence` and `rationale` may be
        functions of the same arguments. Arguments must be JSON. Used inside an async handler, the
        function should be async too."""

        def guard(function: Callable[P, R]) -> Callable[P, R]:
            kind = decision_type or function.__name__
            guarded = _Guarded(function, kind, confidence, rationale).wrapped()
            return cast(Callable[P, R], guarded)

        return guard

    def read_feedback(self, after: str | None = None) -> Iterator[Json]:
        """What was said of this agent's work, the oldest first: verdicts, ratings, outcomes and
        figures. Goes on after the `id` of the last one that was read."""
        with self._wire() as wire:
            while True:
                page = _feedback_page(wire, after)
                yield from page["feedback"]
                if (after := page["next"]) is None:
                    return

    def run(self) -> None:
        """Works until SIGTERM, SIGINT or `stop()`. Raises when the platform refuses the agent."""
        if not self._handlers:
            raise ConfigError("the agent has no handler: decorate a function with @agent.task(...)")
        self._run = _Run(self)
        self._run.main()

    def stop(self) -> None:
        """What the first signal does; called again, what the second does. From any thread."""
        if self._run:
            self._run.inbox.put(_STOP)


@dataclass(frozen=True)
class _Guarded:
    function: Callable[..., Any]
    decision_type: str
    confidence: float | Callable[..., float] | None
    rationale: str | Callable[..., str] | None

    def wrapped(self) -> Any:
        signature = inspect.signature(self.function)

        @functools.wraps(self.function)
        def ask(*args: Any, **kwargs: Any) -> Any:
            call = signature.bind(*args, **kwargs)
            agreed = self.agreed(call, current_task().propose(**self.question(call)))
            return self.function(*agreed.args, **agreed.kwargs)

        @functools.wraps(self.function)
        async def ask_async(*args: Any, **kwargs: Any) -> Any:
            call = signature.bind(*args, **kwargs)
            agreed = self.agreed(call, await current_task().apropose(**self.question(call)))
            return await self.function(*agreed.args, **agreed.kwargs)

        return ask_async if _is_async(self.function) else ask

    def question(self, call: inspect.BoundArguments) -> Json:
        call.apply_defaults()
        return {
            "proposal": {"function": self.function.__name__, "arguments": _plain(call.arguments)},
            "decision_type": self.decision_type,
            "confidence": self._value(self.confidence, call),
            "rationale": self._value(self.rationale, call),
        }

    @staticmethod
    def _value(said: Any, call: inspect.BoundArguments) -> Any:
        return said(*call.args, **call.kwargs) if callable(said) else said

    def agreed(self, call: inspect.BoundArguments, proposal: Json) -> inspect.BoundArguments:
        """The call with the arguments of the verdict. A name that the function does not have would
        be dropped in silence, and something else be done than the person wrote: refused."""
        arguments = proposal.get("arguments")
        if proposal.get("function") != self.function.__name__ or not isinstance(arguments, dict):
            raise Rejected("unusable_edit", f"not a call of {self.function.__name__}()")
        if unknown := sorted(arguments.keys() - call.signature.parameters.keys()):
            raise Rejected("unusable_edit", f"{self.function.__name__}() takes no {unknown}")
        call.arguments = arguments
        return call


async def _await_handler(handler: Callable[[Task], Awaitable[Any]], task: Task) -> Any:
    _current.set(task)
    try:
        return await handler(task)
    except (SystemExit, KeyboardInterrupt) as error:
        # asyncio would end the loop over these, and with it every other async handler.
        raise RuntimeError(f"the handler raised {type(error).__name__}") from error


def _completion(returned: Any) -> Json:
    if not isinstance(returned, Result):
        returned = Result({} if returned is None else returned)
    if not isinstance(kind := returned.result, dict):
        raise TypeError(f"a handler returns a dict or a Result, not {type(kind).__name__}")
    return _plain(_given(**vars(returned)))


_STOP, _ENDED = "stop", "ended"


class _Run:
    """One run: a thread that claims, one that beats, one for the event loop, one for each task.

    The calling thread only waits at `inbox`, because that is where signals arrive. It is a
    SimpleQueue since its `put` may be called in a signal handler, which an Event's `set` may not.
    """

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.inbox: queue.SimpleQueue[str | BaseException] = queue.SimpleQueue()
        self.stopping, self.over, self.nudge = (threading.Event() for _ in range(3))
        self.gate = threading.Lock()  # a task is either refused, or seen by the one who stops
        self.slots = threading.Semaphore(agent.concurrency)
        self.tasks: dict[str, Task] = {}
        self.loop: asyncio.AbstractEventLoop
        self.loop_ready, self.loop_over = threading.Event(), asyncio.Event()

    def main(self) -> None:
        with self.agent._wire() as self.wire, _signals_to(lambda: self.inbox.put(_STOP)):
            self.claims, self.hung_up = self.agent._wire(), False
            looping = self._start(lambda: asyncio.run(self._host_async_bodies()))
            self.loop_ready.wait()
            self._start(self._beat_forever)
            claiming = self._start(self._claim_forever)
            try:
                self._serve()
            finally:
                self.slots.release()  # if it waits for one it has to see that it is over
                if self.hung_up:
                    claiming.join(1.0)
                self.over.set()
                self.nudge.set()
                self.loop.call_soon_threadsafe(self.loop_over.set)
                looping.join(1.0)  # a body that blocks the loop cannot be stopped, and need not be

    def _serve(self) -> None:
        while (word := self.inbox.get()) is _ENDED:
            pass
        with self.gate:
            self.stopping.set()
        self.hung_up = self.claims.hang_up()
        log.info("stopping; %d tasks are running", len(self.tasks))
        self._sign_off(finishing=True)
        self._drain(0 if isinstance(word, NotAuthenticated) else self.agent.grace)
        self._sign_off(finishing=False)
        if isinstance(word, BaseException):
            raise word

    def _sign_off(self, *, finishing: bool) -> None:
        """Tells the platform to give nothing more. Said once: one that is not heard is merely found out later."""
        try:
            self.wire.send("POST", "/sign-off", {"finishing": finishing})
        except (httpx.TransportError, PlatformError) as error:
            log.debug("could not sign off: %s", self.wire.clean(str(error)))

    def _drain(self, grace: float) -> None:
        """Lets running handlers finish; releases what is left after `grace` or a second stop."""
        deadline = time.monotonic() + grace
        while self.tasks and (left := deadline - time.monotonic()) > 0:
            try:
                if self.inbox.get(timeout=left) is not _ENDED:
                    break
            except queue.Empty:
                break
        self._release_running()

    def _release_running(self) -> None:
        give_up_at = time.monotonic() + LAST_WORDS
        for task in tuple(self.tasks.values()):
            if not task._end():
                continue
            task._lease_ends = min(task._lease_ends, give_up_at)
            self._say(task, "release", STOPPING)
            task._lose({"detail": STOPPING["reason"]})

    def _start(self, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # without this thread the run is lame: end it
                self.inbox.put(error)

        # Daemons, all of them: a handler that never returns must not keep the process alive.
        thread = threading.Thread(target=guarded, name="agentic", daemon=True)
        thread.start()
        return thread

    async def _host_async_bodies(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.loop_ready.set()
        await self.loop_over.wait()

    def _beat_forever(self) -> None:
        """On a thread of its own: agents block inside `async def`, so no loop can be trusted."""
        while not self.over.is_set():
            self.nudge.clear()
            for task in self._beating():
                if task._next_beat <= time.monotonic():
                    task._beat()
            upcoming = min((task._next_beat for task in self._beating()), default=math.inf)
            self.nudge.wait(max(0.0, min(upcoming - time.monotonic(), 60.0)))

    def _beating(self) -> list[Task]:
        return [task for task in tuple(self.tasks.values()) if task._alive()]

    def _claim_forever(self) -> None:
        """With a client of its own, which lives until the last poll has ended."""
        with self.claims:
            try:
                self._register()
                while (free := self._take_slots()) and self._working():
                    self._claim(free)
            except Unreachable:
                log.debug("the last poll was ended")

    def _register(self) -> None:
        agent = self.agent
        body = _given(version=agent.version, capabilities=agent.capabilities)
        body |= {"framework": agent.framework, "concurrency": agent.concurrency}
        body["task_types"] = agent.task_types or []
        said = self.claims.call("POST", "/register", body, keep_trying=self._working)
        self.pace = _Pace(int(said["poll_wait"]), float(said["heartbeat_interval"]), self.nudge)
        log.info("registered as %s", said["name"])
        if agent.name and agent.name != said["name"]:
            log.warning("the key belongs to agent %s, not to %s", said["name"], agent.name)

    def _working(self) -> bool:
        return not self.stopping.is_set()

    def _claim(self, free: int) -> None:
        began, wait = time.monotonic(), self.pace.poll_wait
        body = _given(max_tasks=free, wait_seconds=wait, task_types=self.agent.task_types)
        answer = self.claims.call("POST", "/claim", body, wait=wait, keep_trying=self._working)
        for claimed in answer["tasks"]:
            self._accept(claimed)
        for _ in range(free - len(answer["tasks"])):
            self.slots.release()
        if not answer["tasks"] and time.monotonic() - began < 0.5:
            time.sleep(random.uniform(0.5, 1.0))  # turned away at once: no reason to hammer

    def _take_slots(self) -> int:
        """Waits for a free slot and takes all that there are, 100 at most, as a claim may ask."""
        self.slots.acquire()
        more = itertools.takewhile(lambda _: self.slots.acquire(blocking=False), range(99))
        return 1 + len(list(more))

    def _accept(self, claimed: Json) -> None:
        """Acks here, before the next claim, which would bring a task that is not acked again."""
        task = Task(claimed, self.wire, self.pace)
        with self.gate:
            if not self.stopping.is_set():
                self.tasks[task._token] = task
        if task._token in self.tasks:
            self._begin(task)
        else:  # with the client that is open for as long as this thread lives
            self._say(Task(claimed, self.claims, self.pace), "release", STOPPING)

    def _begin(self, task: Task) -> None:
        try:
            task._begin()
        except (Cancelled, LeaseLost, PlatformError) as error:
            log.warning("%r was not started: %s", task, error)
            self._forget(task)
        else:
            self.nudge.set()
            self._start(lambda: self._work(task))

    def _work(self, task: Task) -> None:
        log.info("%r started", task)
        try:
            op, body = self._outcome(task)
            if task._end():
                self._say(task, op, body)
        finally:
            self._forget(task)

    def _forget(self, task: Task) -> None:
        del self.tasks[task._token]
        self.slots.release()
        self.inbox.put(_ENDED)

    def _outcome(self, task: Task) -> tuple[str, Json]:
        """What to tell the platform about how the handler ended."""
        try:
            return "complete", _completion(self._handle(task))
        except _Ending as ending:
            return ending.op, ending.body
        except (Cancelled, LeaseLost) as error:
            return "release", {"reason": str(error)}
        except BaseException as error:
            log.error("%r failed\n%s", task, self.wire.clean(traceback.format_exc()))
            return "fail", self._failure(error)

    def _handle(self, task: Task) -> Any:
        handler = self.agent._handler(task.task_type)
        if _is_async(handler):
            body = _await_handler(handler, task)
            return asyncio.run_coroutine_threadsafe(body, self.loop).result()
        _current.set(task)
        return handler(task)

    def _failure(self, error: BaseException) -> Json:
        message = self.wire.clean(str(error))[:LONGEST_MESSAGE]
        retryable = not isinstance(error, self.agent.non_retryable)
        return {"error": {"type": type(error).__name__, "message": message}, "retryable": retryable}

    def _say(self, task: Task, op: str, body: Json) -> None:
        try:
            task._hand_in(op, body)
            log.info("%r: %s", task, op)
        except (Cancelled, LeaseLost) as error:
            log.warning("%r: %s was not taken: %s", task, op, error)
        except PlatformError as error:
            log.error("%r: %s was refused: %s", task, op, error)
            if isinstance(error, NotAuthenticated):
                self.inbox.put(error)
            elif op == "complete":  # too large, or not valid: the platform has to hear of it
                self._say(task, "fail", self._failure(error))


@contextmanager
def _signals_to(ring: Callable[[], None]) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may set handlers
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: ring()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


# --- Command line ---------------------------------------------------------------------------------

Check = tuple[bool, str, str]


def _register_command(args: argparse.Namespace) -> int:
    body = _given(capabilities=args.capability, concurrency=args.concurrency)
    with Agent()._wire() as wire:
        print(json.dumps(wire.send("POST", "/register", body), indent=2))
    return 0


def _run_command(args: argparse.Namespace) -> int:
    logging.basicConfig(level=args.log_level, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it reports each poll
    _load(args.agent).run()
    return 0


def _load(path: str) -> Agent:
    module, _, name = path.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    agent = getattr(importlib.import_module(module), name or "agent", None)
    if not isinstance(agent, Agent):
        raise ConfigError(f"{path} is not an Agent; say module:variable, as my_agent:agent")
    return agent


def _doctor_command(args: argparse.Namespace) -> int:
    checks = []
    for check in _examine():
        checks.append(check)
        print(f"{'OK   ' if check[0] else 'WRONG'}  {check[1]:<12}  {check[2]}")
    return 0 if all(fine for fine, _, _ in checks) else 1


def _examine() -> Iterator[Check]:
    try:
        url = _server_url(os.environ.get("AGENTIC_URL"))
        yield True, "url", f"{url}{'' if url.startswith('https') else ' (not encrypted)'}"
        with Agent()._wire() as wire:
            yield from _examine_platform(wire)
    except ConfigError as error:
        yield False, "settings", str(error)
    except NotAuthenticated as error:
        yield False, "key", f"{error}. Ask an administrator for a new one"
    except (PlatformError, KeyError) as error:
        yield False, "platform", f"{error}. Is AGENTIC_URL the platform's own address?"
    except httpx.HTTPError as error:
        yield False, "platform", f"no answer ({error}). Is AGENTIC_URL right, and is it running?"


def _examine_platform(wire: _Wire) -> Iterator[Check]:
    said = wire.send("POST", "/register", {})
    yield True, "key", f"is that of agent {said['name']}"
    began = time.time()
    response = wire.request("POST", "/register", {})  # again: the first one had to connect
    yield _round_trip(time.time() - began, said["lease_seconds"])
    yield _clock(response.headers.get("Date"), (began + time.time()) / 2)
    able = ", ".join(said["capabilities"]) or "none: only tasks that ask for none will come"
    yield True, "capabilities", able


def _round_trip(seconds: float, lease: float) -> Check:
    text = f"{seconds * 1000:.0f} ms"
    if seconds < min(2.0, lease / 6):
        return True, "round trip", text
    return False, "round trip", f"{text} is slow for a lease of {lease:g} s: run the agent nearer"


def _clock(date: str | None, now: float) -> Check:
    if date is None:
        return True, "clock", "the platform sends no Date to compare with"
    ahead = now - email.utils.parsedate_to_datetime(date).timestamp()
    text = f"{abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} the platform's"
    if abs(ahead) < 5:
        return True, "clock", text
    return False, "clock", f"{text}: deadlines do not suffer, certificates and logs do; set up NTP"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agentic-client", description="Run and check agents.")
    commands = parser.add_subparsers(required=True)
    register = commands.add_parser("register", help="sign the agent in, print the answer")
    register.add_argument("--capability", action="append", help="replaces those registered")
    register.add_argument("--concurrency", type=int)
    register.set_defaults(command=_register_command)
    run = commands.add_parser("run", help="run an agent until it is stopped")
    run.add_argument("agent", help="module:variable, as my_agent:agent")
    run.add_argument("--log-level", default="INFO")
    run.set_defaults(command=_run_command)
    doctor = commands.add_parser("doctor", help="say what is wrong with the set-up")
    doctor.set_defaults(command=_doctor_command)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    args = _parser().parse_args(arguments)
    try:
        return int(args.command(args))
    except (AgenticError, httpx.HTTPError) as error:
        print(f"agentic-client: {error}", file=sys.stderr)
        return 1


if TYPE_CHECKING:
    import agentic_client_testing as testing
else:

    def __getattr__(name: str) -> Any:
        """`testing`, when it is asked for: at work this file needs no other."""
        if name == "testing":
            return importlib.import_module("agentic_client_testing")
        raise AttributeError(f"module {__name__} has no attribute {name}")


__all__ = ["Agent", "Result", "Task", "current_task", "testing"]
__all__ += ["AgenticError", "ConfigError", "NoHandler", "NotAuthenticated", "PlatformError"]
__all__ += ["Cancelled", "DelegationFailed", "LeaseLost", "Rejected", "Responded", "Unreachable"]

if __name__ == "__main__":
    # By its import name: run as a script, this file is another module than the one agents import.
    sys.exit(importlib.import_module("agentic_client").main())
