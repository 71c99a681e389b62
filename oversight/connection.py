"""What the socket of the API and that of the pages have in common: bounds, codes, and an end for all of their parts."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Any

from django.db import InterfaceError, OperationalError

from agentic.longpoll import Receive, Send

NOT_AUTHENTICATED, NOT_ALLOWED, TOO_MANY = 4001, 4003, 4008
TOO_LARGE, TRY_AGAIN = 1009, 1013
DATABASE_AWAY = (OperationalError, InterfaceError)
LARGEST_FRAME = 64 * 1024
PER_SECOND = 20
# Whether the sign-in, the account and the roles are still what they were; also looked at when that is heard of.
LOOK_AGAIN_SECONDS = 5.0


def until_next_look() -> float:
    """Seconds, by chance: hundreds that opened in one moment must not ask in one moment for ever after."""
    return random.uniform(0.5, 1) * LOOK_AGAIN_SECONDS


class Closed(Exception):
    """The socket ends, with this code."""

    def __init__(self, code: int, reason: str = "") -> None:
        self.code, self.reason = code, reason


class Bucket:
    """So many messages a second, and as many at once."""

    def __init__(self, per_second: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.per_second, self.clock = per_second, clock
        self.left, self.seen = float(per_second), clock()

    def take(self) -> bool:
        now = self.clock()
        self.left = min(self.per_second, self.left + (now - self.seen) * self.per_second)
        self.seen = now
        self.left -= 1
        return self.left >= 0


class Connection:
    """One socket, opened by `websocket.connect`."""

    def __init__(self, receive: Receive, send: Send) -> None:
        self.receive, self.send = receive, send
        self.bucket = Bucket(PER_SECOND)

    async def open(self, subprotocol: str | None = None) -> None:
        await self.receive()
        await self.send({"type": "websocket.accept", "subprotocol": subprotocol})

    async def tell(self, frame: str) -> None:
        await self.send({"type": "websocket.send", "text": frame})

    async def close(self, code: int, reason: str = "") -> None:
        with contextlib.suppress(RuntimeError):  # it has gone already
            await self.send({"type": "websocket.close", "code": code, "reason": reason})

    async def hear(self) -> bytes | None:
        """The next message; None when the other side has gone."""
        message = await self.receive()
        if message["type"] == "websocket.disconnect":
            return None
        if not self.bucket.take():
            raise Closed(TOO_MANY)
        return bounded(message)

    async def until_one_ends(self, *parts: Coroutine[Any, Any, None]) -> None:
        """Run its parts until one of them comes to an end: then all of it does."""
        tasks = [asyncio.ensure_future(part) for part in parts]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            if isinstance(error := task.exception(), Closed):
                await self.close(error.code, error.reason)
            elif error:
                raise error


def bounded(message: MutableMapping[str, Any]) -> bytes:
    body: bytes = message.get("bytes") or (message.get("text") or "").encode(errors="surrogatepass")
    if len(body) > LARGEST_FRAME:
        raise Closed(TOO_LARGE)
    return body
