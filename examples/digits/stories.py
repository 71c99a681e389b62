"""What happened to each task, told by its events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from examples.digits.people import Person

Event = dict[str, Any]
PAGE = 1000

# The state that a task is in after an event; what is not listed changes none.
STATE_AFTER = {
    "task.created": "queued",
    "task.assigned": "assigned",
    "task.acked": "acked",
    "task.started": "in_progress",
    "task.completed": "completed",
    "task.verified": "verified",
    "task.overridden": "verified",
    "task.failed": "failed",
    "task.retried": "queued",
    "task.rejected": "queued",
    "task.responded": "queued",
    "task.released": "queued",
    "task.suspended": "queued",
    "task.requeued": "queued",
    "task.escalated": "escalated",
    "task.cancelled": "cancelled",
}


class Story:
    """The events of one task and of its decisions, in order."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.state = "queued"

    def hear(self, event: Event) -> None:
        self.events.append(event)
        self.state = STATE_AFTER.get(event["event_type"], self.state)

    def all(self, *kinds: str) -> list[Event]:
        return [event for event in self.events if event["event_type"] in kinds]

    def spans(self, begin: str, *ends: str) -> Iterator[float]:
        """Seconds from each `begin` to the end that came next, where one came before the next beginning."""
        began: Event | None = None
        for event in self.events:
            if event["event_type"] == begin:
                began = event
            elif event["event_type"] in ends and began is not None:
                yield (moment(event) - moment(began)).total_seconds()
                began = None


class Stories:
    """Follows the event store from where these tasks begin."""

    def __init__(self, reader: Person) -> None:
        self.reader, self.position = reader, 0
        self.of: dict[str, Story] = defaultdict(Story)
        self.told: set[str] = set()

    def begin(self, task_id: str) -> None:
        """The first of the tasks: nothing before it is of interest."""
        (first, *_) = self.reader.get("/decisions/events", entity_id=task_id, limit=1)["events"]
        self.position = first["position"] - 1

    def follow(self, tasks: Collection[str]) -> list[Event]:
        """What has happened to these tasks since the last look."""
        news: list[Event] = []
        while self.position and (page := self.page()):
            self.position = page[-1]["position"]
            news += [event for event in page if task_of(event) in tasks]
            if len(page) < PAGE:
                break
        for event in news:
            self.of[task_of(event)].hear(event)
        return news

    def page(self) -> list[Event]:
        events: list[Event] = self.reader.get("/decisions/events", after=self.position, limit=PAGE)[
            "events"
        ]
        return events


def task_of(event: Event) -> str:
    """The task that an event speaks of, be it of the task itself or of a decision about it."""
    if event["entity_type"] == "task":
        return str(event["entity_id"])
    return str(event["data"].get("task_id", ""))


def moment(event: Event) -> datetime:
    return datetime.fromisoformat(event["created_at"])
