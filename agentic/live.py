"""After the commit: tells the other processes that something happened.

A message is a hint and may be lost; the event store has the truth, and every reader can do without. Messages of a few
milliseconds go out as one, from a loop of their own, so that no request waits for Redis.
"""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from channels.layers import BaseChannelLayer, get_channel_layer
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from agentic.changes import Machine, Move
from agentic.vocabulary import EventType

GROUP = "live"
GATHER_SECONDS = 0.005
logger = logging.getLogger(__name__)


def topics(machine: Machine, moves: Sequence[Move]) -> set[str]:
    """Whom these moves concern, among those who can wait: for work, or for the end of a task or a decision."""
    said = [event for move in moves for event in move.events]
    given = {e.data["agent_id"] for e in said if e.event_type == EventType.TASK_ASSIGNED}
    ended = {f"{machine.entity}:{move.pk}" for move in moves if not machine.legal[move.new]}
    return ended | {f"agent:{agent_id}" for agent_id in given}


def about_person(user_id: UUID) -> str:
    """The topic on which sockets hear that a sign-in of this person has ended, or that their roles have changed."""
    return f"person:{user_id}"


def tell_of_person(user_id: UUID) -> None:
    """Once it is committed, their sockets look at once whether they may stay."""
    transaction.on_commit(partial(publish, 0, {about_person(user_id)}))


class Publisher:
    """Gathers what was committed and sends it from one event loop: the server's, or one in a thread."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.pid = 0
        self.position = 0
        self.topics: set[str] = set()
        self.scheduled = False
        self.sent_at = 0.0  # by the loop's clock

    def use(self, loop: asyncio.AbstractEventLoop) -> None:
        """Send from `loop` (an ASGI server's own) instead of a thread's."""
        self.loop, self.pid = loop, os.getpid()

    def publish(self, position: int, topics: set[str]) -> None:
        with self.lock:
            self.position = max(self.position, position)
            self.topics |= topics
            loop = self.running_loop()
            if self.scheduled:
                return
            self.scheduled = True
        loop.call_soon_threadsafe(self.schedule, loop)

    def schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        """At once after a silence; else so long after the last message that some are gathered."""
        loop.call_at(max(loop.time(), self.sent_at + GATHER_SECONDS), self.send)

    def running_loop(self) -> asyncio.AbstractEventLoop:
        """The loop to send from; a process that was forked starts one of its own."""
        if self.loop is None or self.loop.is_closed() or self.pid != os.getpid():
            self.loop, self.pid, self.scheduled = asyncio.new_event_loop(), os.getpid(), False
            threading.Thread(target=self.loop.run_forever, name="live", daemon=True).start()
        return self.loop

    def send(self) -> None:
        with self.lock:
            message = {
                "type": "committed",
                "position": self.position,
                "topics": sorted(self.topics),
            }
            self.topics, self.scheduled = set(), False
        self.sent_at = asyncio.get_running_loop().time()
        task = asyncio.ensure_future(deliver(message))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())


def channel_layer() -> BaseChannelLayer:
    layer = get_channel_layer()
    if layer is None:
        raise ImproperlyConfigured("CHANNEL_LAYERS names no default layer.")
    return layer


async def deliver(message: dict[str, object]) -> None:
    try:
        await channel_layer().group_send(GROUP, message)
    except Exception as error:  # noqa: BLE001 - Redis is away: readers find the events by position
        logger.warning("live updates are delayed: %s", error)


publisher = Publisher()
publish = publisher.publish
