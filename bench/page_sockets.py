"""100 reviewers' pages on one process, 50 events a second: the time from an escalation's commit to each page."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from typing import NamedTuple

from django.conf import settings
from django.db import connection
from django.test import Client

from agentic.models import User
from agentic.roles import Role
from bench import cast, platform
from bench.http import run
from bench.report import Row, percentile, progress, told
from bench.sockets import PER_SECOND, all_closed, tell
from bench.ws import Listener, listen

PAGES, SECONDS = 100, 10
PATH = "/oversight/live?feed=1"
LAST_FRAMES = 2.0  # seconds after the last event
TASK = re.compile(rb"task:([0-9a-f-]{36})")
Arrivals = dict[bytes, list[float]]


class Heard(NamedTuple):
    late: list[float]
    expected: int


def measure(passes: int) -> list[Row]:
    cast.person("reviewer", Role.REVIEWER)
    cookie = signed_in(User.objects.get(username="reviewer"))
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    found = []
    with platform.live_process(SOCKETS_PER_PERSON="100000") as (live, _):
        for number in range(passes + 1):
            one = run(escalations_seen(live, cookie))
            progress(f"pass {number} of {passes}: p95 {told(percentile(one.late, 0.95))} s")
            found += [one] if number else []
    figures = f"{PAGES} pages, {PER_SECOND} events/s, p50 {told(percentile(found[0].late, 0.5))} s"
    p95, p99 = ([percentile(one.late, share) for one in found] for share in (0.95, 0.99))
    return [
        Row("pages: escalations seen", [len(f.late) / f.expected for f in found], 1, figures),
        Row("pages: commit to frame, p95", p95, 0.5, figures, at_most=True, unit=" s"),
        Row("pages: commit to frame, p99", p99, 2, figures, at_most=True, unit=" s"),
    ]


def signed_in(user: User) -> str:
    browser = Client()
    browser.force_login(user, backend="agentic.passwords.PasswordBackend")
    name = settings.SESSION_COOKIE_NAME
    return f"{name}={browser.cookies[name].value}"


async def escalations_seen(port: int, cookie: str) -> Heard:
    pages: list[Arrivals] = [defaultdict(list) for _ in range(PAGES)]
    listeners = [await open_page(port, cookie, page) for page in pages]
    await asyncio.sleep(1)
    said_at = await tell("escalations", PER_SECOND * SECONDS, port)
    await asyncio.sleep(LAST_FRAMES)
    await all_closed(listeners)
    late = [
        first - at
        for page in pages
        for name, at in said_at.items()
        if (first := min((seen for seen in page[name.encode()] if seen > at - 0.01), default=None))
    ]
    return Heard(late, PAGES * len(said_at))


async def open_page(port: int, cookie: str, page: Arrivals) -> Listener:
    def hear(frame: bytes) -> None:
        if b"escalations" in frame:
            now = time.monotonic()
            for name in TASK.findall(frame):
                page[name].append(now)

    return await listen(port, PATH, hear, Cookie=cookie, Origin=f"http://localhost:{port}")
