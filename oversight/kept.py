"""What is the same for everybody who looks: read once in so many seconds, by one of those who ask."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """In this process. Whoever asks while it is being read waits for that; an error is not kept."""

    def __init__(
        self,
        look: Callable[[Key], Value],
        *,
        seconds: Callable[[Key], float],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.look, self.seconds, self.clock = look, seconds, clock
        self.locks: defaultdict[Key, threading.Lock] = defaultdict(threading.Lock)
        self.values: dict[Key, tuple[float, Value]] = {}

    def get(self, key: Key) -> Value:
        with self.locks[key]:
            read_at, value = self.values.get(key, (float("-inf"), None))
            if value is None or self.clock() - read_at > self.seconds(key):
                value = self.look(key)
                self.values[key] = self.clock(), value
            return value
