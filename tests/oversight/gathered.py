"""A process that gathers, tick by tick and in the thread of the test, and pages that are told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import async_to_sync, sync_to_async

from agentic.hub import Hub
from agentic.models import User
from agentic.positions import settled
from oversight.audiences import audience_of
from oversight.feed import Feed
from oversight.gathering import Gathering, Moment, Place


async def here(call: Callable[[], Any]) -> Any:
    """In place of `in_thread`: on the connection whose transaction the test undoes."""
    return await sync_to_async(call, thread_sensitive=True)()


class Process:
    def __init__(self) -> None:
        self.feed = Feed(Hub())
        self.feed.began = self.feed.position = settled()
        self.gathering = Gathering(self.feed)
        self.gathering.moment = Moment(
            self.feed.position, {}, alarmed=self.feed.position, delayed=True
        )
        self.tick()  # the first beat

    def tick(self) -> None:
        """Read what has happened, and gather it, as long after the last time as it takes for figures to be due."""
        self.gathering.figures.looked_up_at = float("-inf")
        async_to_sync(self.read_and_gather)()

    async def read_and_gather(self) -> None:
        await self.feed.read_page()
        await self.gathering.tick()

    def place(self, who: User, *, has_feed: bool = True) -> Place:
        moment = self.gathering.moment
        return Place(moment.position, audience_of(who), has_feed, moment.alarmed)

    def told(self, place: Place) -> str:
        """What a page that stands there is told of the newest moment."""
        moment = self.gathering.moment
        fragments: str = async_to_sync(self.gathering.fragments)(moment, place)
        return fragments + moment.counters_for(place.audience)
