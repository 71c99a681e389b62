"""What one server process tells its pages: four times a second, what has happened since, gathered and drawn once.

Each page has a place of its own in the order of events, as the sockets of the API do. As a rule all are at the same
one: what is drawn for one page is drawn for all that have the same audience.
"""

from __future__ import annotations

import asyncio
import math
import time
from functools import partial
from typing import NamedTuple
from uuid import UUID

from agentic.events import newest_between
from oversight.alarm import Alarm, escalated
from oversight.audiences import ESCALATIONS, Audience
from oversight.counters import Counter
from oversight.feed import Feed, in_thread
from oversight.figures import Figures
from oversight.fragments import draw_alarm, draw_counters, draw_news, draw_rows
from oversight.frames import GUARDED, Told, told
from oversight.selectors.alarms import escalated_between
from oversight.topics import EVERYTHING, topics_of

GATHER_SECONDS = 0.25
BEAT_SECONDS = 5.0
MOST_ROWS = 20
# Who goes from one page to the next is away for less: what was held back goes on waiting for them.
AWAY_SECONDS = 10.0


class Place(NamedTuple):
    """Where a page stands in the order of events, what it may see, whether it shows events, its last alarm's place.

    `alarmed` is 0 of a page that has just come. Whoever opened it was told with the others on the page before: what
    is held back at that moment is told to them, too, and nothing twice.
    """

    position: int
    audience: Audience
    has_feed: bool
    alarmed: int

    @property
    def sees_escalations(self) -> bool:
        return ESCALATIONS in self.audience

    @property
    def known_until(self) -> int:
        """Up to where whoever looks at it knows of escalations: a new page was drawn with them."""
        return self.alarmed or self.position

    def after(self, moment: Moment) -> Place:
        """Where it stands once it was told of the moment."""
        position, alarmed = max(self.position, moment.position), max(self.alarmed, moment.alarmed)
        return self._replace(position=position, alarmed=alarmed)


class Moment:
    """What is so at `position`, and up to where escalations are to be told by then.

    Of one that `beats`, all pages are told; of another, those that it concerns.
    """

    def __init__(
        self,
        position: int,
        counters: dict[str, Counter],
        *,
        alarmed: int,
        delayed: bool,
        beats: bool = False,
    ) -> None:
        self.position, self.counters, self.alarmed = position, counters, alarmed
        self.delayed, self.beats = delayed, beats
        self.drawn: dict[Place, str] = {}
        self.drawn_counters: dict[Audience, str] = {}

    def counters_for(self, audience: Audience) -> str:
        if audience not in self.drawn_counters:
            self.drawn_counters[audience] = draw_counters(self.counters, audience)
        return self.drawn_counters[audience]

    def same_but_beating(self) -> Moment:
        return Moment(
            self.position, self.counters, alarmed=self.alarmed, delayed=self.delayed, beats=True
        )


class Gathering:
    """Runs for as long as there is a page; `moment` is the newest."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.figures, self.alarm = Figures(), Alarm()
        self.moment = Moment(0, {}, alarmed=0, delayed=True)
        self.told_at = 0.0
        self.news = asyncio.Event()
        self.running: asyncio.Task[None] | None = None
        self.pages = 0
        self.left_at = -math.inf
        self.beginning = asyncio.Lock()

    async def begin(self) -> Moment:
        """One page more; the moment from which on it is told of all others."""
        async with self.beginning:
            if not self.pages:
                self.moment = await self.first()
            if self.running is None or self.running.done():
                self.running = asyncio.ensure_future(self.run())
            self.pages += 1
        return self.moment

    async def first(self) -> Moment:
        await self.figures.look_up()
        # The last wait: a page that leaves before has begun nothing.
        position = await self.feed.begin()
        self.figures.stale = True  # by what happened between the two
        counters = self.figures.counters
        return Moment(position, counters, alarmed=self.told_until(position), delayed=self.delayed)

    def told_until(self, position: int) -> int:
        """Where the alarms go on. After a longer time alone nobody waits for what was held back."""
        if time.monotonic() - self.left_at < AWAY_SECONDS:
            return self.moment.alarmed
        self.alarm = Alarm()
        return position

    def end(self) -> None:
        self.pages -= 1
        if self.pages == 0 and self.running is not None:
            self.running.cancel()
            self.running = None
            self.feed.end()
            self.left_at = time.monotonic()

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
        alarmed = self.alarm.upto(before.alarmed, position, rings=self.rings(position), now=now)
        counters = self.figures.counters
        if not (moved or beats or alarmed > before.alarmed or counters != before.counters):
            return None
        return Moment(position, counters, alarmed=alarmed, delayed=delayed, beats=beats)

    def rings(self, position: int) -> bool:
        """Whether anything was escalated since the last moment; also when more came than is kept, so that one looks."""
        events = self.feed.between(self.moment.position, position)
        return events is None or bool(escalated(events))

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
        alarm = draw_alarm(await self.alarms(moment, place))
        if not (topics or moment.beats or alarm):
            return ""
        stands = place.after(moment)
        # Who may not see escalations does not learn either that one is kept for a moment.
        alarmed = stands.alarmed if place.sees_escalations else stands.position
        news = draw_news(stands.position, topics, alarmed=alarmed, delayed=moment.delayed)
        return news + draw_rows(rows) + alarm

    async def alarms(self, moment: Moment, place: Place) -> list[UUID]:
        """The tasks of which this page is to be told by now, and was not."""
        if not place.sees_escalations or place.known_until >= moment.alarmed:
            return []
        span = place.known_until, moment.alarmed
        if (events := self.feed.between(*span)) is not None:
            return escalated(events)
        found: list[UUID] = await in_thread(partial(escalated_between, *span))
        return found

    async def rows(self, events: list[Told] | None, moment: Moment, place: Place) -> list[Told]:
        """The newest that this page may show; from the store, when it was away for long."""
        if events is not None:
            seen = [event for event in events if place.sees_escalations or not event.guarded]
            return seen[-MOST_ROWS:]
        without = () if place.sees_escalations else GUARDED
        span = place.position, moment.position
        look = partial(newest_between, *span, limit=MOST_ROWS, without=without)
        return [told(row) for row in await in_thread(look)]
