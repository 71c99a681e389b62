"""An escalation is told at once to those who may act on it; a burst of them is told as one."""

from __future__ import annotations

import math
from collections.abc import Iterable
from uuid import UUID

from agentic.vocabulary import EventType
from oversight.frames import Told

QUIET_SECONDS = 5.0


class Alarm:
    """Says up to which position escalations are to be told by now. Each page knows up to where it was told."""

    def __init__(self) -> None:
        self.rings = False
        self.quiet_until = -math.inf

    def upto(self, told: int, position: int, *, rings: bool, now: float) -> int:
        """For some seconds after one was told, what comes is kept for the next time."""
        self.rings = self.rings or rings
        if self.rings and now < self.quiet_until:
            return told
        if self.rings:
            self.quiet_until = now + QUIET_SECONDS
        self.rings = False
        return position


def escalated(events: Iterable[Told]) -> list[UUID]:
    """The tasks among them that were handed to people, or went a level higher, each once."""
    tasks = (one.row["entity_id"] for one in events if one.event_type == EventType.TASK_ESCALATED)
    return list(dict.fromkeys(tasks))
