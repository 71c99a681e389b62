"""The socket of the API: `/api/v1/oversight/ws`. Each connection stands for itself; nothing is shared but the feed."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, MutableMapping
from functools import partial
from typing import Any

from agentic.authentication import person_of
from agentic.errors import DomainError, NotAllowed, NotAuthenticated
from agentic.longpoll import Receive, Send
from agentic.models import User
from agentic.parsing import decode
from agentic.problems import of_domain
from agentic.roles import may, roles_of
from agentic.tokens import claims_of
from oversight.actions import act, keep_refusal
from oversight.feed import Feed, in_thread
from oversight.frames import (
    FROM_THE_START,
    RULES,
    Act,
    Asked,
    Channel,
    Ping,
    Subscribe,
    Told,
    Unsubscribe,
    say,
)
from oversight.handshake import Handshake, origin_is_ours

NOT_AUTHENTICATED, NOT_ALLOWED, TOO_MANY, TOO_LARGE = 4001, 4003, 4008, 1009
LARGEST_FRAME = 64 * 1024
PER_SECOND = 20
# Whether the sign-in, the account and the roles are still what they were.
LOOK_AGAIN_SECONDS = 5.0


class Closed(Exception):
    """The socket ends, with this code."""

    def __init__(self, code: int) -> None:
        self.code = code


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


class Socket:
    """One connection, from the handshake to its end."""

    def __init__(self, feed: Feed, receive: Receive, send: Send, asked: Handshake) -> None:
        self.feed, self.receive, self.send, self.asked = feed, receive, send, asked
        self.channels: set[Channel] = set(FROM_THE_START)
        self.bucket = Bucket(PER_SECOND)
        self.user: User

    async def serve(self) -> None:
        await self.receive()
        await self.send({"type": "websocket.accept", "subprotocol": self.asked.subprotocol})
        try:
            await self.look_again()
            position = await self.feed.begin()
        except Closed as closed:
            await self.close(closed.code)
            return
        try:
            await self.talk(position if self.asked.since is None else self.asked.since)
        finally:
            self.feed.end()

    async def talk(self, position: int) -> None:
        """Until one of its parts comes to an end: then all of it does."""
        await self.tell(
            say(
                "connected",
                user_id=self.user.pk,
                roles=sorted(roles_of(self.user)),
                subscriptions=sorted(self.channels),
                position=position,
            )
        )
        parts = [self.listen(), self.pass_on(position), self.stay_sure()]
        tasks = [asyncio.ensure_future(part) for part in parts]
        done, running = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        for task in done:
            if isinstance(error := task.exception(), Closed):
                await self.close(error.code)
            elif error:
                raise error

    async def tell(self, frame: str) -> None:
        await self.send({"type": "websocket.send", "text": frame})

    async def close(self, code: int) -> None:
        with contextlib.suppress(RuntimeError):  # it has gone already
            await self.send({"type": "websocket.close", "code": code})

    # What it hears.

    async def listen(self) -> None:
        while (message := await self.receive())["type"] != "websocket.disconnect":
            if not self.bucket.take():
                raise Closed(TOO_MANY)
            await self.tell(await self.answer(message))

    async def answer(self, message: MutableMapping[str, Any]) -> str:
        body = message.get("bytes") or (message.get("text") or "").encode(errors="surrogatepass")
        if len(body) > LARGEST_FRAME:
            raise Closed(TOO_LARGE)
        try:
            return await self.do(decode(body, Asked))  # type: ignore[arg-type] # one of several
        except NotAuthenticated as error:
            raise Closed(NOT_AUTHENTICATED) from error
        except DomainError as error:
            if isinstance(error, NotAllowed):
                await in_thread(partial(keep_refusal, self.user, self.asked.ip, error))
            problem = of_domain(error)
            return say("error", **{name: problem[name] for name in problem if name != "type"})

    async def do(self, asked: Asked) -> str:
        match asked:
            case Ping():
                return say("pong")
            case Subscribe(channel):
                return self.subscribe(channel)
            case Unsubscribe(channel):
                self.channels.discard(channel)
                return say("unsubscribed", channel=channel, subscriptions=sorted(self.channels))
            case Act():
                token, ip = self.asked.token, self.asked.ip
                answer: str = await in_thread(lambda: act(asked, token=token, ip=ip))
                return answer

    def subscribe(self, channel: Channel) -> str:
        if not may(self.user, RULES[channel]):
            raise NotAllowed(f"Your role does not allow the channel {channel}.")
        self.channels.add(channel)
        return say("subscribed", channel=channel, subscriptions=sorted(self.channels))

    # What it tells.

    async def pass_on(self, position: int) -> None:
        """Every event after `position`, in order, on each channel that it listens to."""
        while True:
            for one in await self.feed.after(position):
                position = one.position
                await self.pass_one(one)

    async def pass_one(self, one: Told) -> None:
        if one.guarded and not may(self.user, RULES[Channel.ESCALATIONS]):
            return
        for channel in self.channels & one.channels:
            await self.tell(one.frames[channel])

    # Whether it may go on.

    async def stay_sure(self) -> None:
        """The token's end, a sign-out, a lost role: whichever comes first ends the socket, or its subscriptions."""
        while True:
            left = claims_of(self.asked.token).expires_at - time.time()
            await asyncio.sleep(max(0.0, min(left, LOOK_AGAIN_SECONDS)))
            before = roles_of(self.user)
            await self.look_again()
            if roles_of(self.user) != before:
                raise Closed(NOT_AUTHENTICATED)

    async def look_again(self) -> None:
        try:
            self.user = await in_thread(lambda: person_of(self.asked.token))
        except NotAuthenticated as error:
            raise Closed(NOT_AUTHENTICATED) from error
        if not all(may(self.user, RULES[channel]) for channel in self.channels):
            raise Closed(NOT_ALLOWED)


async def serve(feed: Feed, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Serve one socket; a foreign page's is refused before it opens."""
    if not origin_is_ours(scope):
        await receive()
        await send({"type": "websocket.close", "code": NOT_ALLOWED})
        return
    await Socket(feed, receive, send, Handshake.of(scope)).serve()
