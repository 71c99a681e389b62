"""The figures of what waits for people, looked up for all pages of a process at once, and not too often."""

from __future__ import annotations

import logging
import math

from django.db import Error

from oversight.counters import Counter, count_all
from oversight.feed import in_thread

LOOK_UP_SECONDS = 0.5
logger = logging.getLogger(__name__)


class Figures:
    def __init__(self) -> None:
        self.counters: dict[str, Counter] = {}
        self.stale = True
        self.looked_up_at = -math.inf

    async def keep_fresh(self, now: float, *, changed: bool) -> None:
        """Look again when something has changed: at once, or as soon as the last look is long enough ago."""
        self.stale = self.stale or changed
        if self.stale and now - self.looked_up_at >= LOOK_UP_SECONDS:
            self.looked_up_at = now
            await self.look_up()

    async def look_up(self) -> None:
        self.stale = False
        try:
            self.counters = await in_thread(count_all)
        except Error as error:
            self.stale = True
            logger.warning("what waits for people is not counted: %s", error)
