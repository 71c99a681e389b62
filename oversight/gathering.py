"""What one server process tells its pages: four times a second, what has happened since, gathered and drawn once.

Each page has a place of its own in the order of events, as the sockets of the API do. As a rule all are at the same
one: what is drawn for one page is drawn for all that have the same audience.
"""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import NamedTuple

from agentic.events import newest_between
from oversight.alarm import Alarm
from oversight.audiences import ESCALATIONS, Audience
from oversight.counters import Counter
from oversight.feed import Feed, in_thread
from oversight.figures import Figures
from oversight.fragments import draw_counters, draw_news, draw_rows
from oversight.frames import GUARDED, Told, told
from oversight.topics import EVERYTHING, topics_of

GATHER_SECONDS = 0.25
BEAT_SECONDS = 5.0
MOST_ROWS = 20


class Place(NamedTuple):
    """Where a page stands in the order of events, what it may see, and whether it shows events."""

    position: int
    audience: Audience
    has_feed: bool

    @property
    def sees_escalations(self) -> bool:
        return ESCALATIONS in self.audience


class Moment:
    """What is so at `position`. Of one that `beats`, all pages are told; of another, those that it concerns."""

    def __init__(
        self,
        position: int,
        counters: dict[str, Counter],
        *,
        delayed: bool,
        beats: bool = False,
        alarm: str = "",
    ) -> None:
        self.position, self.counters = position, counters
        self.delayed, self.beats, self.alarm = delayed, beats, alarm
        self.drawn: dict[Place, str] = {}
        self.drawn_counters: dict[Audience, str] = {}

    def counters_for(self, audience: Audience) -> str:
        if audience not in self.drawn_counters:
            self.drawn_counters[audience] = draw_counters(self.counters, audience)
        return self.drawn_counters[audience]

    def same_but_beating(self) -> Moment:
        return Moment(self.position, self.counters, delayed=self.delayed, beats=True)


class Gathering:
    """Runs for as long as there is a page; `moment` is the newest."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.figures, self.alarm = Figures(), Alarm()
        self.moment = Moment(0, {}, delayed=True)
        self.told_at = 0.0
        self.news = asyncio.Event()
        self.running: asyncio.Task[None] | None = None
        self.pages = 0
        self.beginning = asyncio.Lock()

    async def begin(self) -> Moment:
        """One page more; the moment from which on it is told of all others."""
        async with self.beginning:
            if self.running is None:
                position = await self.feed.begin()
                await self.figures.look_up()
                self.moment = Moment(position, self.figures.counters, delayed=self.delayed)
                self.running = asyncio.ensure_future(self.run())
            self.pages += 1
        return self.moment

    def end(self) -> None:
        self.pages -= 1
        if self.pages == 0 and self.running is not None:
            self.running.cancel()
            self.running = None
            self.feed.end()

    @property
    def delayed(self) -> bool:
        return not (self.feed.hub.hears and self.feed.reads)

    async def run(self) -> None:
        while True:
            await asyncio.sleep(GATHER_SECONDS)
            await self.tick()

    async def tick(self) -> None:
        if moment := await self.gather():
            self.moment = moment
            self.news.set()
            self.news = asyncio.Event()

    async def gather(self) -> Moment | None:
        """The next moment, if anything is new in it."""
        before, now = self.moment, time.monotonic()
        position, delayed = self.feed.position, self.delayed
        moved = position > before.position
        beats = now - self.told_at >= BEAT_SECONDS or delayed != before.delayed
        if beats:
            self.told_at = now
        await self.figures.keep_fresh(now, changed=moved or beats)
        alarm = self.alarm.after(self.feed.between(before.position, position) or (), now)
        counters = self.figures.counters
        if not (moved or beats or alarm or counters != before.counters):
            return None
        return Moment(position, counters, delayed=delayed, beats=beats, alarm=alarm)

    async def after(self, moment: Moment) -> Moment:
        """The newest, once it is another one."""
        while self.moment is moment:
            await self.news.wait()
        return self.moment

    async def fragments(self, moment: Moment, place: Place) -> str:
        """What a page at `place` does not know yet, but for its counters; empty where nothing concerns it."""
        if place not in moment.drawn:
            moment.drawn[place] = await self.draw(moment, place)
        return moment.drawn[place]

    async def draw(self, moment: Moment, place: Place) -> str:
        events = self.feed.between(place.position, moment.position)
        topics = EVERYTHING
        if events is not None:
            topics = topics_of(events, sees_escalations=place.sees_escalations)
        rows = await self.rows(events, moment, place) if place.has_feed else []
        if not (topics or moment.beats):
            return ""
        position = max(place.position, moment.position)
        return draw_news(position, topics, delayed=moment.delayed) + draw_rows(rows)

    async def rows(self, events: list[Told] | None, moment: Moment, place: Place) -> list[Told]:
        """The newest that this page may show; from the store, when it was away for long."""
        if events is not None:
            seen = [event for event in events if place.sees_escalations or not event.guarded]
            return seen[-MOST_ROWS:]
        without = () if place.sees_escalations else GUARDED
        span = place.position, moment.position
        look = partial(newest_between, *span, limit=MOST_ROWS, without=without)
        return [told(row) for row in await in_thread(look)]
