"""Refusals in the audit log: each 403 of somebody who is known, written once the refused transaction is undone."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.db import Error
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from agentic.acting import caller_of
from agentic.actors import Actor
from agentic.audits import record
from agentic.vocabulary import AuditAction

SECONDS_BETWEEN = 60.0
MOST_KEPT = 10_000
LONGEST_PATH = 500
FORBIDDEN = 403

Key = tuple[object, ...]
logger = logging.getLogger(__name__)


class Refusal(NamedTuple):
    """By which rule, and in what words."""

    rule: str
    detail: str


def note(request: Request | HttpRequest, rule: str, detail: str) -> None:
    """Leave word of a refusal for the audit log, which is written to after the answer."""
    http = request._request if isinstance(request, Request) else request
    http.refusal = Refusal(rule, detail)  # type: ignore[attr-defined]


class RefusalMiddleware:
    """Writes down what was refused. It stands outside of every transaction, so that none takes the note with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == FORBIDDEN or hasattr(request, "refusal"):
            write_down(request)
        return response


def write_down(request: HttpRequest) -> None:
    """Never an error: a refusal stays one, whatever becomes of its note."""
    refusal = getattr(request, "refusal", None) or Refusal(page_of(request), "")
    try:
        caller = caller_of(request)
        if caller is not None:
            keep(caller, refusal, method=str(request.method), path=request.path)
    except Error as error:
        logger.warning("a refusal by %s could not be written down: %s", refusal.rule, error)


def page_of(request: HttpRequest) -> str:
    """The name of a page, which stands for the rule before it."""
    match = request.resolver_match
    return (match.view_name or match.route) if match else ""


def keep(caller: Actor, refusal: Refusal, *, method: str, path: str) -> None:
    """Write a refusal into the log, unless the same was written a moment ago: then it is counted."""
    key = (caller.kind, caller.id, refusal.rule)
    held_back = gate.admit(key)
    if held_back is None:
        return
    try:
        record(
            AuditAction.REFUSED,
            actor=caller,
            reason=refusal.detail,
            rule=refusal.rule,
            method=method,
            path=printable(path[:LONGEST_PATH]),
            held_back=held_back,
        )
    except Error:
        gate.put_back(key, held_back)
        raise


def printable(path: str) -> str:
    return path.encode(errors="replace").decode()


@dataclass(slots=True)
class Seen:
    at: float
    held_back: int = 0


@dataclass(slots=True)
class Gate:
    """Of the same thing again and again, the first passes at once, and then one a minute. One for each process."""

    clock: Callable[[], float] = time.monotonic
    seen: dict[Key, Seen] = field(default_factory=dict)
    lock: Any = field(default_factory=threading.Lock)

    def admit(self, key: Key) -> int | None:
        """How many were held back since the last one that passed; None for one that is held back itself."""
        with self.lock:
            now, last = self.clock(), self.seen.get(key)
            if last and now - last.at < SECONDS_BETWEEN:
                last.held_back += 1
                return None
            self.forget(now)
            self.seen[key] = Seen(now)
            return last.held_back if last else 0

    def put_back(self, key: Key, held_back: int) -> None:
        """What passed came to nothing: it counts as held back, and the next one passes."""
        with self.lock:
            self.seen[key] = Seen(self.clock() - SECONDS_BETWEEN, held_back + 1)

    def forget(self, now: float) -> None:
        """Make room, when there are very many, by those that would hold nobody back any more."""
        if len(self.seen) >= MOST_KEPT:
            live = {k: one for k, one in self.seen.items() if now - one.at < SECONDS_BETWEEN}
            self.seen = live


gate = Gate()
