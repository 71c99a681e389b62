"""What one server process has heard of: one subscription to the channel layer, fanned out to all who wait here."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import secrets
import time
from collections import deque
from typing import Any

from channels.layers import BaseChannelLayer

from agentic.live import GROUP, channel_layer

ECHO = "echo"
ECHO_SECONDS = 1.0
# Without an echo for so long, what happens elsewhere comes late; and after so long we join the group anew.
ECHO_LATE_SECONDS, DEAF_SECONDS = 4.0, 8.0
# How many messages are remembered for those who begin to wait just after one came in.
REMEMBERED = 1000
RETRY_SECONDS = 1.0
EVERYTHING = "*"  # who waits for it is woken by any message
logger = logging.getLogger(__name__)


class Deaf(Exception):
    """What we send to all comes to others, perhaps, and not to us."""


class Hub:
    """`heard` counts messages, so that nothing is missed between a look at the database and the wait."""

    def __init__(self) -> None:
        self.heard = 0
        self.recent: deque[tuple[int, frozenset[str]]] = deque(maxlen=REMEMBERED)
        self.waiting: dict[str, set[asyncio.Future[None]]] = {}
        self.closed = False
        self.name, self.echoed_at = secrets.token_hex(8), -math.inf

    def close(self) -> None:
        """The process stops: whoever waits here gets the answer that there is."""
        self.closed = True
        self.hear(frozenset(self.waiting))

    def hear(self, topics: frozenset[str]) -> None:
        self.heard += 1
        self.recent.append((self.heard, topics))
        for topic in (topics | {EVERYTHING}) & self.waiting.keys():
            for waiter in self.waiting[topic]:
                if not waiter.done():
                    waiter.set_result(None)

    async def wait(
        self, topic: str, *, since: int, seconds: float, unless: asyncio.Future[Any]
    ) -> None:
        """Until `topic` is heard of after `since`, the time is over, or `unless` is done."""
        if self.was_heard(topic, since):
            return
        waiter = asyncio.get_running_loop().create_future()
        waiters = self.waiting.setdefault(topic, set())
        waiters.add(waiter)
        try:
            await asyncio.wait(
                {waiter, unless}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiter.cancel()
            waiters.discard(waiter)
            if not waiters:
                self.waiting.pop(topic, None)

    async def any_message(self, *, since: int, seconds: float) -> None:
        """Until anything at all is heard of after `since`, or the time is over."""
        await self.news_of(EVERYTHING, since=since, seconds=seconds)

    async def news_of(self, topic: str, *, since: int, seconds: float) -> None:
        await self.wait(topic, since=since, seconds=seconds, unless=self.never())

    @staticmethod
    def never() -> asyncio.Future[Any]:
        return asyncio.get_running_loop().create_future()

    def was_heard(self, topic: str, since: int) -> bool:
        # Too much was heard meanwhile to remember all of it: better to look once too often.
        if self.heard - since > len(self.recent):
            return True
        if topic == EVERYTHING:
            return self.heard > since
        return any(topic in topics for count, topics in self.recent if count > since)

    @property
    def hears(self) -> bool:
        """Whether what happens in other processes is heard of here; by what the last echo says."""
        return time.monotonic() - self.echoed_at < ECHO_LATE_SECONDS

    async def listen(self) -> None:
        """Follow the channel layer for as long as the process serves, through restarts of Redis."""
        while True:
            try:
                await self.follow()
            except Exception as error:  # noqa: BLE001 - whatever the layer raises, we listen again
                logger.warning("live messages are not heard: %r", error)
                await asyncio.sleep(RETRY_SECONDS)

    async def follow(self) -> None:
        layer = channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(GROUP, channel)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self.receive(layer, channel))
                both.create_task(self.echo(layer))
        finally:
            with contextlib.suppress(Exception):
                await layer.group_discard(GROUP, channel)

    async def receive(self, layer: BaseChannelLayer, channel: str) -> None:
        while True:
            message = await layer.receive(channel)
            if message["type"] != ECHO:
                self.hear(frozenset(message["topics"]))
            elif message["by"] == self.name:
                self.echoed_at = time.monotonic()

    async def echo(self, layer: BaseChannelLayer) -> None:
        """Call, and listen for oneself, on the way that all messages take: a layer that lost us does not say so."""
        began = time.monotonic()
        while time.monotonic() - max(began, self.echoed_at) < DEAF_SECONDS:
            try:
                async with asyncio.timeout(ECHO_SECONDS):
                    await layer.group_send(GROUP, {"type": ECHO, "by": self.name})
            except Exception as error:  # noqa: BLE001 - Redis is away, and we go on calling
                if self.hears:
                    logger.warning("live messages are not heard: %r", error)
                self.echoed_at, began = -math.inf, time.monotonic()
            await asyncio.sleep(ECHO_SECONDS)
        raise Deaf
