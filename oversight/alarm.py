"""An escalation is told at once to those who may act on it; a burst of them is told as one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from uuid import UUID

from agentic.vocabulary import EventType
from oversight.fragments import draw_alarm
from oversight.frames import Told

QUIET_SECONDS = 5.0


class Alarm:
    def __init__(self) -> None:
        self.tasks: dict[UUID, None] = {}  # a set that keeps the order
        self.quiet_until = -math.inf

    def after(self, events: Iterable[Told], now: float) -> str:
        """What there is to tell by now; for some seconds after that, what comes is kept for the next time."""
        self.tasks |= {
            event.row["entity_id"]: None
            for event in events
            if event.event_type == EventType.TASK_ESCALATED
        }
        if not self.tasks or now < self.quiet_until:
            return ""
        told, self.tasks = self.tasks, {}
        self.quiet_until = now + QUIET_SECONDS
        return draw_alarm(list(told))
