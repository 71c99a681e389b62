"""What `manage.py run` does beside the server: agents at work, tasks to work on, and a word about it now and then."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable

import httpx

from examples.digits.crew import Crew
from examples.digits.feeder import Counts, Feeder
from examples.digits.people import Person, Refused

LOOK_EVERY = 0.5
TALK_EVERY = 30.0
FIRST_WORD_AFTER = 12.0
# The slow agent is killed with -9 after so many seconds, at random.
KILLED_AFTER = (45.0, 120.0)
VICTIM = "slow"


class Shift:
    """From `begin` until the event is set; then every agent has stopped."""

    def __init__(self, crew: Crew, manager: Person | None, say: Callable[[str], None]) -> None:
        self.crew, self.manager, self.say = crew, manager, say
        self.feeder: Feeder | None = None
        self.talk_at = time.monotonic() + FIRST_WORD_AFTER
        self.kill_at = time.monotonic() + random.uniform(*KILLED_AFTER)
        self.kills = 0

    def __call__(self, stopping: threading.Event) -> None:
        self.crew.start()
        try:
            while not stopping.wait(LOOK_EVERY):
                self.crew.tend()
                self.kill_now_and_then()
                self.feed()
                self.talk()
        finally:
            self.crew.stop()

    def kill_now_and_then(self) -> None:
        if time.monotonic() < self.kill_at:
            return
        self.kill_at = time.monotonic() + random.uniform(*KILLED_AFTER)
        self.crew.kill(VICTIM)
        self.kills += 1

    def feed(self) -> None:
        if self.manager is None:
            return
        try:
            self.feeder = self.feeder or Feeder(self.manager)
            self.feeder.feed()
        except (Refused, httpx.TransportError) as error:
            self.say(f"No tasks are made any more: {error}")
            self.manager = None

    def talk(self) -> None:
        if self.feeder is None or time.monotonic() < self.talk_at:
            return
        self.talk_at = time.monotonic() + TALK_EVERY
        self.say(told(self.feeder.counts, self.kills))


def told(counts: Counts, kills: int) -> str:
    text = f"{counts.tasks} tasks so far"
    if counts.waiting:
        text += f"; {counts.to_review} to review and {counts.escalated} escalated wait for a person"
    if counts.full:
        text += ", and no more are made until somebody has looked"
    return f"{text}; {VICTIM} was killed {times(kills)}." if kills else f"{text}."


def times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
