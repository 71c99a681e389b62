"""The socket of the pages: `/oversight/live`. It says what has changed, as HTML; it takes nothing."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from django.contrib.sessions.backends.db import SessionStore

from agentic.live import about_person
from agentic.longpoll import Receive, Send
from agentic.models import User
from agentic.page_sessions import person_of_session
from agentic.roles import may, roles_of
from oversight.audiences import audience_of
from oversight.connection import (
    DATABASE_AWAY,
    NOT_ALLOWED,
    NOT_AUTHENTICATED,
    TRY_AGAIN,
    Closed,
    Connection,
    until_next_look,
)
from oversight.feed import in_thread
from oversight.gathering import Gathering, Moment, Place
from oversight.handshake import PageHandshake, is_a_page_of_ours
from oversight.places import places

RULE = "events.view"


class PageSocket(Connection):
    """One page in one browser tab."""

    def __init__(
        self, gathering: Gathering, receive: Receive, send: Send, asked: PageHandshake
    ) -> None:
        super().__init__(receive, send)
        self.gathering, self.asked = gathering, asked
        self.counters = ""
        self.user: User

    async def serve(self) -> None:
        await self.open()
        try:
            self.user = await self.who()
            with places.taken_by(self.user.pk):
                await self.follow()
        except Closed as closed:
            await self.close(closed.code, closed.reason)
        except DATABASE_AWAY:
            await self.close(TRY_AGAIN)

    async def follow(self) -> None:
        moment = await self.gathering.begin()
        try:
            await self.until_one_ends(self.listen(), self.pass_on(moment), self.stay_sure())
        finally:
            self.gathering.end()

    async def listen(self) -> None:
        """What a page says is read, and nothing is done about it."""
        while await self.hear() is not None:
            pass

    async def pass_on(self, moment: Moment) -> None:
        since = moment.position if self.asked.since is None else self.asked.since
        alarmed = since if self.asked.alarmed is None else self.asked.alarmed
        place = Place(since, audience_of(self.user), self.asked.has_feed, alarmed)
        await self.tell_of(moment.same_but_beating(), place)
        while True:
            place = place.after(moment)
            moment = await self.gathering.after(moment)
            await self.tell_of(moment, place)

    async def tell_of(self, moment: Moment, place: Place) -> None:
        frame = await self.gathering.fragments(moment, place)
        if (counters := moment.counters_for(place.audience)) != self.counters:
            frame += counters
            self.counters = counters
        if frame:
            await self.tell(frame)

    async def stay_sure(self) -> None:
        """A sign-out, the end of the session, other roles: whichever comes first ends it."""
        hub, before = self.gathering.feed.hub, roles_of(self.user)
        heard = hub.heard
        while True:
            await hub.news_of(about_person(self.user.pk), since=heard, seconds=until_next_look())
            heard = hub.heard
            try:
                self.user = await self.who()
            except DATABASE_AWAY:
                continue  # nothing can be told either, until it is back
            if roles_of(self.user) != before:
                raise Closed(NOT_AUTHENTICATED)

    async def who(self) -> User:
        user = await in_thread(lambda: person_of_session(SessionStore(self.asked.session)))
        if not isinstance(user, User):
            raise Closed(NOT_AUTHENTICATED)
        if not may(user, RULE):
            raise Closed(NOT_ALLOWED)
        return user


async def serve(
    gathering: Gathering, scope: MutableMapping[str, Any], receive: Receive, send: Send
) -> None:
    """Serve one page; a foreign one is refused before it opens."""
    if not is_a_page_of_ours(scope):
        await receive()
        await send({"type": "websocket.close", "code": NOT_ALLOWED})
        return
    await PageSocket(gathering, receive, send, PageHandshake.of(scope)).serve()
