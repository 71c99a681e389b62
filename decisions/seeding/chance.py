"""All that is drawn: the same again for the same seed."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID

DAYS = 30
# How much the nights are quieter than the days.
RHYTHM = 0.75
VERSION, VERSION_MASK = 0x7 << 76, ~(0xF << 76)
VARIANT, VARIANT_MASK = 0x2 << 62, ~(0x3 << 62)

Choice = TypeVar("Choice")


class Chance:
    """`now` is the moment from which everything is counted back."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.random, self.now = Random(seed), now

    def id(self, at: datetime) -> UUID:
        """A uuid7 of this moment."""
        value = int(at.timestamp() * 1000) << 80 | self.random.getrandbits(80)
        return UUID(int=value & VERSION_MASK & VARIANT_MASK | VERSION | VARIANT)

    def happens(self, share: float) -> bool:
        return self.random.random() < share

    def one_of(self, choices: dict[Choice, float]) -> Choice:
        """By weight."""
        return self.random.choices(list(choices), list(choices.values()))[0]

    def after(self, at: datetime, mean: float) -> datetime:
        """Some time later, `mean` seconds on average, and always before now."""
        left = (self.now - at).total_seconds()
        return at + timedelta(seconds=min(self.random.expovariate(1 / mean), left / 4))

    def later(self, hours: float) -> datetime:
        """Within so many hours from now; one in fifty is late already."""
        if self.happens(0.02):
            return self.now - timedelta(minutes=self.random.uniform(1, 600))
        return self.now + timedelta(hours=self.random.uniform(hours / 10, hours))

    def confidence(self) -> float:
        """Most are sure of themselves."""
        sure = self.happens(0.88)
        return round(self.random.uniform(0.9, 1.0) if sure else self.random.uniform(0.4, 0.9), 3)


def moments(number: int, now: datetime, span: timedelta) -> list[datetime]:
    """So many moments of the time before now, in order: more by day than by night."""
    turns = 2 * math.pi * max(1, span.days)
    found = []
    for place in range(number):
        share = (place + 0.5) / number
        found.append(now - span * (1 - share - RHYTHM * math.sin(turns * share) / turns))
    return found
