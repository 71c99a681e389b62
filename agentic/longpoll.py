"""A long poll asks again when something has happened, and holds nothing while it waits.

A view answers at once, and says by `wait_for` that a better answer may come, for how long and on which topic. Under
ASGI this middleware then waits for that topic in the process's hub, and calls Django again with the same request:
signed in anew, with a database connection that is returned before the wait goes on. Under WSGI nobody waits: the first
answer goes out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from rest_framework.response import Response

from agentic.hub import Hub

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

TOPIC, SECONDS = b"x-wait-topic", b"x-wait-seconds"
PREFIX = "/api/v1/worker/"
LARGEST_BODY = 1_000_000
# A message may be lost, or Redis be away: whoever waits looks again after this, whatever was heard.
LOOK_AGAIN_SECONDS = 5.0


def wait_for(response: Response, topic: str, seconds: float) -> Response:
    """Mark an answer as one that may become better within `seconds`, when `topic` is heard of."""
    if seconds > 0:
        response[TOPIC.decode()], response[SECONDS.decode()] = topic, str(seconds)
    return response


class LongPoll:
    """ASGI middleware around Django, for the paths of agents."""

    def __init__(self, app: Application, hub: Hub) -> None:
        self.app, self.hub = app, hub

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self.app(scope, receive, send)
        elif (body := await read_body(receive)) is not None:
            await self.ask_until_better(scope, body, receive, send)

    async def ask_until_better(
        self, scope: MutableMapping[str, Any], body: bytes, receive: Receive, send: Send
    ) -> None:
        loop = asyncio.get_running_loop()
        gone = asyncio.ensure_future(disconnected(receive))
        deadline = None
        try:
            while not gone.done():
                heard = self.hub.heard
                answer = await self.ask(scope, body)
                topic, seconds = answer.wait()
                deadline = deadline or loop.time() + seconds
                left = deadline - loop.time()
                if not topic or left <= 0 or self.hub.closed:
                    await answer.send(send)
                    return
                await self.hub.wait(
                    topic, since=heard, seconds=min(left, LOOK_AGAIN_SECONDS), unless=gone
                )
        finally:
            gone.cancel()

    async def ask(self, scope: MutableMapping[str, Any], body: bytes) -> Answer:
        """Call Django with the whole body, and keep what it answers."""
        answer = Answer()
        pending = [{"type": "http.request", "body": body, "more_body": False}]
        open_end = asyncio.Event()

        async def receive() -> Message:
            if pending:
                return pending.pop()
            await open_end.wait()  # Django listens for a disconnect, which is noticed elsewhere
            return {"type": "http.disconnect"}

        await self.app(dict(scope), receive, answer.keep)
        return answer


class Answer:
    """The messages of one response."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def keep(self, message: Message) -> None:
        self.messages.append(message)

    def wait(self) -> tuple[str, float]:
        headers = dict(self.messages[0].get("headers", ())) if self.messages else {}
        return headers.get(TOPIC, b"").decode(), float(headers.get(SECONDS, b"0"))

    async def send(self, send: Send) -> None:
        start = self.messages[0]
        start["headers"] = [
            pair for pair in start["headers"] if pair[0].lower() not in {TOPIC, SECONDS}
        ]
        for message in self.messages:
            await send(message)


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, one byte past the limit at most: Django then refuses it. None when the caller has gone."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body") or len(body) > LARGEST_BODY:
            return body[: LARGEST_BODY + 1]


async def disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
