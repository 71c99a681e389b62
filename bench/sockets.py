"""500 sockets on one process, 50 messages a second: all delivered, and how late beside the library `websockets` alone.

And what an idle socket costs, and whether floods, bad frames and frames of 15 MB leave the others as they were.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.db import connection

from agentic.roles import Role
from bench import cast, platform
from bench.http import run
from bench.report import Row, percentile, progress, told
from bench.ws import Hear, Listener, listen

SOCKETS, PER_SECOND, SECONDS = 500, 50, 4
FOR_THE_REST = 10.0  # seconds that late frames may take
PATH = "/api/v1/oversight/ws?token={}"
ENTITY = re.compile(rb'"entity_id":"([0-9a-f-]{36})"')
TELL = "import django; django.setup(); from bench.telling import tell; tell({!r}, {}, {}, {})"


class Heard(NamedTuple):
    """Of one pass: how late each frame was, in seconds, and how many should have come."""

    late: list[float]
    expected: int

    @property
    def share(self) -> float:
        return len(self.late) / self.expected

    @property
    def p99(self) -> float:
        return percentile(self.late, 0.99) if self.late else float("inf")


def measure(passes: int) -> list[Row]:
    viewer = cast.person("viewer", Role.VIEWER)
    connection.close()
    connection.close_pool()  # type: ignore[attr-defined]
    path = PATH.format(viewer.token)
    # One person stands for many here.
    with platform.live_process(SOCKETS_PER_PERSON="100000") as (live, pid), raw() as peer:
        idle = run(idle_cost(live, pid, path))
        ours, theirs = [], []
        for number in range(passes + 1):
            one = run(told_to_all(live, path, "tasks"))
            other = run(told_to_all(peer, "/", "raw"))
            progress(
                f"pass {number} of {passes}: p99 {told(one.p99 * 1000)} ms, raw {told(other.p99 * 1000)} ms"
            )
            if number:
                ours.append(one)
                theirs.append(other)
        after = run(abused(live, path))
    middle = sorted(one.p99 for one in ours)[len(ours) // 2] * 1000
    figures = f"p99 {told(middle)} ms, {SOCKETS} sockets, {PER_SECOND} messages/s"
    return [
        Row("sockets: delivered", [one.share for one in ours], 1, figures),
        Row(
            "sockets: p99 late / raw websockets",
            [one.p99 / other.p99 for one, other in zip(ours, theirs, strict=True)],
            2,
            figures,
            at_most=True,
        ),
        Row("sockets: delivered after floods and bad frames", [after.share], 1, f"p99 {told(after.p99 * 1000)} ms"),
        Row("sockets: an idle one, kB", [idle], 60, f"resident memory, {SOCKETS} sockets", at_most=True),
    ]  # fmt: skip


@contextlib.contextmanager
def raw() -> Iterator[int]:
    port = platform.free_port()
    command = [sys.executable, "-m", "bench.raw_sockets", str(port)]
    with platform.running(command) as process:
        platform.wait_for_port(port, process)
        yield port


async def told_to_all(port: int, path: str, what: str, count: int = PER_SECOND * SECONDS) -> Heard:
    heard: list[tuple[bytes, float]] = []

    def hear(frame: bytes) -> None:
        if found := ENTITY.search(frame):
            heard.append((found[1], time.monotonic()))

    listeners = await opened(port, path, hear)
    said_at = await tell(what, count, port)
    expected = SOCKETS * len(said_at)
    await until_all_came(heard, expected)
    await all_closed(listeners)
    return Heard([at - said_at[name.decode()] for name, at in heard], expected)


async def until_all_came(heard: list[tuple[bytes, float]], expected: int) -> None:
    for _ in range(int(FOR_THE_REST / 0.05)):
        if len(heard) >= expected:
            return
        await asyncio.sleep(0.05)


async def opened(port: int, path: str, hear: Hear) -> list[Listener]:
    listeners: list[Listener] = []
    for first in range(0, SOCKETS, 50):
        some = range(first, min(first + 50, SOCKETS))
        listeners += await asyncio.gather(*(listen(port, path, hear) for _ in some))
    await asyncio.sleep(1)
    return listeners


async def all_closed(listeners: list[Listener]) -> None:
    for one in listeners:
        one.transport.close()
    await asyncio.gather(*(one.closed for one in listeners))
    await asyncio.sleep(0.5)


async def tell(what: str, count: int, port: int) -> dict[str, float]:
    """When each was said, by its id."""
    command = [sys.executable, "-c", TELL.format(what, count, PER_SECOND, port)]
    teller = await asyncio.create_subprocess_exec(
        *command, stdout=subprocess.PIPE, cwd=platform.ROOT
    )
    output, _ = await teller.communicate()
    lines = (line.split() for line in output.decode().splitlines())
    return {name: float(at) for name, at in lines}


async def abused(port: int, path: str) -> Heard:
    """What the others hear while some flood, send what is no message, and frames of 15 MB."""
    bad = [b"[]", b"42", b"\xff\xfe", b'{"type":"subscribe"}', b"{" * 50_000, bytes(15_000_000)]

    async def flood() -> None:
        for content in [*bad, *[b'{"type":"ping"}'] * 500]:
            with contextlib.suppress(OSError):
                one = await listen(port, path, lambda frame: None)
                for _ in range(30 if len(content) < 100 else 1):
                    one.send(content)
                await asyncio.wait([one.closed], timeout=0.01)
                one.transport.close()

    flooding = asyncio.ensure_future(flood())
    heard = await told_to_all(port, path, "tasks", count=PER_SECOND)
    flooding.cancel()
    return heard


async def idle_cost(port: int, pid: int, path: str) -> float:
    """Kilobytes of resident memory for each socket that is open and hears nothing."""
    await all_closed([await listen(port, path, lambda frame: None)])  # what the first one costs
    before = resident(pid)
    listeners = await opened(port, path, lambda frame: None)
    cost = (resident(pid) - before) / SOCKETS
    await all_closed(listeners)
    return cost


def resident(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024
