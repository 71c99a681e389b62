"""Databases of several sizes beside each other, filled as `manage.py seed` fills them."""

from __future__ import annotations

import time
from typing import Any

from django.db import connections

from agentic.clock import database_now
from agentic.models import Event
from bench import cast, platform
from bench.report import progress
from decisions.cursors import Cursor
from decisions.models import Task
from decisions.seeding.filling import fill

SEED = 1


class Store:
    """One of the databases, and what is asked of it."""

    def __init__(self, database: str, size: int) -> None:
        self.size = size
        self.alone = connections.create_connection("default")
        options = {k: v for k, v in self.alone.settings_dict["OPTIONS"].items() if k != "pool"}
        self.alone.settings_dict = {
            **self.alone.settings_dict, "NAME": database, "OPTIONS": options,
        }  # fmt: skip
        self.url = f"{platform.SERVER}/{database}"

    def use(self) -> None:
        connections["default"] = self.alone

    def fill(self) -> None:
        self.use()
        began = time.perf_counter()
        fill(tasks=self.size, seed=SEED, now=database_now(), progress=self.tell)
        cast.sql("VACUUM ANALYZE")
        self.events = Event.objects.order_by("-position").values_list("position", flat=True)[0]
        seconds = time.perf_counter() - began
        progress(f"{self.size:,} tasks and {self.events:,} events made in {seconds:.0f} s")

    def tell(self, number: int) -> None:
        """Whoever watches sees it in the lines that follow."""

    def cursor(self, share: float, state: str = "") -> Cursor | None:
        """The place after this share of the tasks, newest first."""
        if not share:
            return None
        tasks = Task.objects.filter(state=state) if state else Task.objects.all()
        place = tasks.order_by("-created_at", "-id").values_list("created_at", "id")
        return Cursor(*place[int(tasks.count() * share) - 1])

    def entity(self) -> Any:
        """A task from the middle of its past."""
        return Task.objects.order_by("created_at").values_list("id", flat=True)[self.size // 2]
