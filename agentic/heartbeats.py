"""The traces of what has to run again and again, so that it shows when it stays away."""

from __future__ import annotations

import time

from django.db.models import F

from agentic.clock import Now
from agentic.models import Heartbeat

# A process that runs more often than this leaves no more traces than that: each one is a write.
PAUSE_SECONDS = 2.0


class Heart:
    """What this process has left under a name."""

    def __init__(self, name: str) -> None:
        self.name, self.left_at = name, float("-inf")

    def beat(self) -> None:
        if time.monotonic() - self.left_at < PAUSE_SECONDS:
            return
        Heartbeat.objects.bulk_create(
            [Heartbeat(name=self.name, at=Now())],
            update_conflicts=True,
            unique_fields=["name"],
            update_fields=["at"],
        )
        self.left_at = time.monotonic()

    def forget(self) -> None:
        self.left_at = float("-inf")


def age(name: str) -> float | None:
    """Seconds since the last trace of any process, by the database's clock; None when there is none."""
    rows = Heartbeat.objects.filter(name=name).annotate(now=Now())
    row = rows.values_list(F("at"), "now").first()
    return None if row is None else (row[1] - row[0]).total_seconds()
