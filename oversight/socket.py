"""The socket of the API: `/api/v1/oversight/ws`. Each connection stands for itself; nothing is shared but the feed."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from functools import partial
from typing import Any

from agentic.authentication import person_of
from agentic.errors import DomainError, NotAllowed, NotAuthenticated
from agentic.live import about_person
from agentic.longpoll import Receive, Send
from agentic.models import User
from agentic.parsing import decode
from agentic.roles import may, roles_of
from agentic.tokens import Claims, claims_of
from oversight.actions import act, keep_refusal
from oversight.connection import (
    DATABASE_AWAY,
    NOT_ALLOWED,
    NOT_AUTHENTICATED,
    TRY_AGAIN,
    Closed,
    Connection,
    until_next_look,
)
from oversight.feed import Feed, in_thread
from oversight.frames import (
    FROM_THE_START,
    RULES,
    Act,
    Asked,
    Channel,
    Connected,
    Ping,
    Pong,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    refused,
    say,
)
from oversight.handshake import Handshake, origin_is_ours
from oversight.looks import looks
from oversight.places import places


class Socket(Connection):
    """One connection, from the handshake to its end."""

    def __init__(self, feed: Feed, receive: Receive, send: Send, asked: Handshake) -> None:
        super().__init__(receive, send)
        self.feed, self.asked = feed, asked
        self.channels: set[Channel] = set(FROM_THE_START)
        self.user: User
        self.claims: Claims

    async def serve(self) -> None:
        await self.open(self.asked.subprotocol)
        try:
            await self.come_in()
            with places.taken_by(self.user.pk):
                await self.follow()
        except Closed as closed:
            await self.close(closed.code, closed.reason)
        except DATABASE_AWAY:
            await self.close(TRY_AGAIN)

    async def follow(self) -> None:
        position = await self.feed.begin()
        try:
            await self.talk(position if self.asked.since is None else self.asked.since)
        finally:
            self.feed.end()

    async def talk(self, position: int) -> None:
        connected = Connected(
            user_id=self.user.pk,
            roles=sorted(roles_of(self.user)),
            subscriptions=sorted(self.channels),
            position=position,
        )
        await self.tell(say(connected))
        await self.until_one_ends(self.listen(), self.pass_on(position), self.stay_sure())

    # What it hears.

    async def listen(self) -> None:
        while (body := await self.hear()) is not None:
            await self.tell(await self.answer(body))

    async def answer(self, body: bytes) -> str:
        try:
            return await self.do(decode(body, Asked))  # type: ignore[arg-type] # one of several
        except NotAuthenticated as error:
            raise Closed(NOT_AUTHENTICATED) from error
        except DomainError as error:
            if isinstance(error, NotAllowed):
                await in_thread(partial(keep_refusal, self.user, self.asked.ip, error))
            return say(refused(error))

    async def do(self, asked: Asked) -> str:
        match asked:
            case Ping():
                return say(Pong())
            case Subscribe(channel):
                return self.subscribe(channel)
            case Unsubscribe(channel):
                self.channels.discard(channel)
                return say(Unsubscribed(channel=channel, subscriptions=sorted(self.channels)))
            case Act():
                token, ip = self.asked.token, self.asked.ip
                answer: str = await in_thread(lambda: act(asked, token=token, ip=ip))
                return answer

    def subscribe(self, channel: Channel) -> str:
        if not may(self.user, RULES[channel]):
            raise NotAllowed(f"Your role does not allow the channel {channel}.")
        self.channels.add(channel)
        return say(Subscribed(channel=channel, subscriptions=sorted(self.channels)))

    # What it tells.

    async def pass_on(self, position: int) -> None:
        """Every event after `position`, in order, on each channel that it listens to."""
        while True:
            for one in await self.feed.after(position):
                position = one.position
                if one.guarded and not may(self.user, RULES[Channel.ESCALATIONS]):
                    continue
                for channel in self.channels & one.channels:
                    await self.send(one.messages[channel])

    # Whether it may go on.

    async def stay_sure(self) -> None:
        """The token's end, a sign-out, a lost role: whichever comes first ends the socket, or its subscriptions."""
        hub, before = self.feed.hub, roles_of(self.user)
        heard = hub.heard
        while True:
            seconds = max(0.0, min(self.left, until_next_look()))
            await hub.news_of(about_person(self.user.pk), since=heard, seconds=seconds)
            heard = hub.heard
            await self.look_again()
            if roles_of(self.user) != before:
                raise Closed(NOT_AUTHENTICATED)

    async def come_in(self) -> None:
        try:
            self.claims = claims_of(self.asked.token)
            self.user = await in_thread(lambda: person_of(self.asked.token))
        except NotAuthenticated as error:
            raise Closed(NOT_AUTHENTICATED) from error
        self.check_channels()

    @property
    def left(self) -> float:
        """Seconds until the token is too old."""
        return self.claims.expires_at - time.time()

    async def look_again(self) -> None:
        """Cheaply, as hundreds of sockets do: the token itself was checked when the socket opened."""
        user = await looks.who(self.claims.sign_in_id) if self.left > 0 else None
        if user is None or user.pk != self.claims.user_id:
            raise Closed(NOT_AUTHENTICATED)
        self.user = user
        self.check_channels()

    def check_channels(self) -> None:
        if not all(may(self.user, RULES[channel]) for channel in self.channels):
            raise Closed(NOT_ALLOWED)


async def serve(feed: Feed, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    """Serve one socket; a foreign page's is refused before it opens."""
    if not origin_is_ours(scope):
        await receive()
        await send({"type": "websocket.close", "code": NOT_ALLOWED})
        return
    await Socket(feed, receive, send, Handshake.of(scope)).serve()
