"""What one server process tells its sockets: the newest events, read once and kept for all.

Each socket has a place of its own in the order of events and takes from here what lies after it; one that has fallen
behind what is kept reads the store. So nothing is missed, nothing is told twice, and a slow socket holds nobody up.
"""

from __future__ import annotations

import asyncio
import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from typing import Any

from channels.db import database_sync_to_async
from django.db import Error

from agentic.events import read_after
from agentic.hub import Hub
from agentic.positions import settled
from oversight.frames import Told, told

KEPT = 5_000  # events
PAGE = 500
# Messages are hints, and Redis may be away: the store is looked at as often, whatever was heard.
LOOK_AGAIN_SECONDS = 1.0
logger = logging.getLogger(__name__)


class Feed:
    """Follows the event store for as long as somebody listens. `position` is how far it has read."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.began = self.position = 0
        self.kept: deque[Told] = deque(maxlen=KEPT)
        # What was read last, and after which position: nearly every socket asks for just that.
        self.newest: tuple[int, list[Told]] = (-1, [])
        self.reads = True  # what happens; false while the database does not answer
        self.news = asyncio.Event()
        self.following: asyncio.Task[None] | None = None
        self.listeners = 0
        self.beginning = asyncio.Lock()

    async def begin(self) -> int:
        """One socket more; the position from which on it hears of everything."""
        async with self.beginning:
            if not self.listeners:
                self.began = self.position = await in_thread(settled)
                self.kept.clear()
                self.newest = (-1, [])
            # One that died of what nobody foresaw goes on where it was: those who listen miss nothing.
            if self.following is None or self.following.done():
                self.following = asyncio.ensure_future(self.follow())
            self.listeners += 1
        return self.position

    def end(self) -> None:
        self.listeners -= 1
        if self.listeners == 0 and self.following is not None:
            self.following.cancel()
            self.following = None

    async def follow(self) -> None:
        while True:
            heard = self.hub.heard
            try:
                while await self.read_page():
                    pass
                self.reads = True
            except (Error, OSError) as error:
                self.reads = False
                logger.warning("events are not read: %s", error)
            await self.hub.any_message(since=heard, seconds=LOOK_AGAIN_SECONDS)

    async def read_page(self) -> bool:
        """Keep what is new, and wake everybody; whether there may be more."""
        rows = await in_thread(lambda: read_after(self.position, limit=PAGE))
        if rows:
            self.newest = self.position, [told(row) for row in rows]
            self.kept.extend(self.newest[1])
            self.position = rows[-1]["position"]
            self.news.set()
            self.news = asyncio.Event()
        return len(rows) == PAGE

    async def after(self, position: int) -> list[Told]:
        """Up to a page of what lies after `position`; waits for news when there is nothing."""
        news = self.news
        if position >= self.position:
            await news.wait()
        if position == self.newest[0]:
            return self.newest[1]
        if self.kept and self.kept[0].position <= position + 1:
            return self.kept_after(position)
        return [told(row) for row in await in_thread(lambda: read_after(position, limit=PAGE))]

    def between(self, after: int, upto: int) -> list[Told] | None:
        """All that happened there; None when not all of it is kept."""
        kept_since = self.kept[0].position if len(self.kept) == KEPT else self.began
        if after < min(kept_since, upto):
            return None
        first, last = (bisect_right(self.kept, end, key=position_of) for end in (after, upto))
        return [self.kept[number] for number in range(first, last)]

    def kept_after(self, position: int) -> list[Told]:
        first = bisect_right(self.kept, position, key=position_of)
        return [self.kept[place] for place in range(first, min(first + PAGE, len(self.kept)))]


def position_of(one: Told) -> int:
    return one.position


async def in_thread(call: Callable[[], Any]) -> Any:
    """A look at the database in a thread of the pool, with a connection that is returned at once."""
    return await database_sync_to_async(call, thread_sensitive=False)()
