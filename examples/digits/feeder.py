"""Keeps tasks coming, gently, and no more than people can look at."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from examples.digits.data import endless_digits
from examples.digits.people import Person
from examples.digits.tasks import task_of

# A few at once, as from a scanner: so each of the agents has something to do.
TASKS_AT_ONCE = 4
EVERY_SECONDS = 8.0
MOST_WAITING = 200


@dataclass(frozen=True)
class Counts:
    tasks: int
    to_review: int
    escalated: int

    @property
    def waiting(self) -> int:
        """How many wait for a person."""
        return self.to_review + self.escalated

    @property
    def full(self) -> bool:
        return self.waiting >= MOST_WAITING


class Feeder:
    """`feed()` has to be called now and then; it makes tasks when the time has come."""

    def __init__(self, manager: Person) -> None:
        self.manager, self.digits = manager, endless_digits()
        self.counts = self.look()
        self.next_at = time.monotonic()

    def feed(self) -> None:
        if time.monotonic() < self.next_at:
            return
        self.next_at = time.monotonic() + EVERY_SECONDS
        self.counts = self.look()
        if not self.counts.full:
            first = self.counts.tasks
            tasks = [task_of(next(self.digits), first + n) for n in range(TASKS_AT_ONCE)]
            self.manager.post("/decisions/tasks", {"tasks": tasks})
            self.counts = replace(self.counts, tasks=first + TASKS_AT_ONCE)

    def look(self) -> Counts:
        tasks = self.manager.get("/admin/stats")["tasks"]
        page = self.manager.get("/decisions/tasks", state="completed", limit=MOST_WAITING)
        return Counts(tasks["total"], len(page["tasks"]), tasks["escalated"])
