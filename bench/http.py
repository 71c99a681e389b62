"""A client that costs little: HTTP/1.1 on kept connections, one event loop, nothing that the bench does not need."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import msgspec
import uvloop

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
Result = TypeVar("Result")


class Connection(asyncio.Protocol):
    """One request at a time."""

    def __init__(self) -> None:
        self.buffer = b""
        self.answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head_end = self.buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        length = LENGTH.search(self.buffer, 0, head_end)
        end = head_end + 4 + int(length[1]) if length else head_end + 4
        if len(self.buffer) >= end and self.answer:
            status, body = int(self.buffer[9:12]), self.buffer[head_end + 4 : end]
            self.buffer = self.buffer[end:]
            self.answer.set_result((status, body))

    def connection_lost(self, error: Exception | None) -> None:
        if self.answer and not self.answer.done():
            self.answer.set_exception(error or ConnectionResetError())

    async def ask(self, method: str, path: str, token: str, body: bytes = b"") -> tuple[int, bytes]:
        self.answer = asyncio.get_running_loop().create_future()
        head = (
            f"{method} /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        return await self.answer

    async def post(self, path: str, token: str, body: Any) -> Any:
        """What the API answers; RuntimeError when it refuses."""
        status, text = await self.ask("POST", path, token, msgspec.json.encode(body))
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {text.decode()}")
        return msgspec.json.decode(text)

    async def get(self, path: str, token: str) -> Any:
        status, text = await self.ask("GET", path, token)
        if status >= 300:
            raise RuntimeError(f"{path}: {status} {text.decode()}")
        return msgspec.json.decode(text)


async def connect(port: int) -> Connection:
    _, connection = await asyncio.get_running_loop().create_connection(
        Connection, "127.0.0.1", port
    )
    return connection


class Load:
    """So many connections at once, each going through `walk` again and again; its own cost is kept."""

    def __init__(
        self, port: int, walks: list[Callable[[Connection], Awaitable[int]]], calls: int = 1
    ) -> None:
        self.port, self.walks, self.calls = port, walks, calls
        self.own_seconds = self.walked = 0.0

    def rate(self, seconds: float) -> float:
        """What the walks have counted, per second."""
        return run(self.go(seconds))

    async def go(self, seconds: float) -> float:
        connections = [await connect(self.port) for _ in self.walks]
        began, cpu = time.perf_counter(), time.process_time()
        done = await asyncio.gather(
            *(
                repeated(walk, connection, began + seconds)
                for walk, connection in zip(self.walks, connections, strict=True)
            )
        )
        elapsed = time.perf_counter() - began
        self.own_seconds += time.process_time() - cpu
        self.walked += sum(done)
        for connection in connections:
            connection.transport.close()
        return sum(done) / elapsed

    @property
    def own_cost(self) -> str:
        """What the client itself takes of a core for each call."""
        each = self.own_seconds / max(1, self.walked * self.calls)
        return f"client {each * 1e6:.0f} us a call"


async def repeated(
    walk: Callable[[Connection], Awaitable[int]], connection: Connection, until: float
) -> int:
    done = 0
    while time.perf_counter() < until:
        done += await walk(connection)
    return done


def run(work: Coroutine[Any, Any, Result]) -> Result:
    return uvloop.run(work)
