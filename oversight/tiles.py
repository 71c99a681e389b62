"""The figures on top of the dashboard: how much there is of what, and where it is listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.urls import reverse

from agentic.admin_parts import Tone
from agentic.board import counted, in_words
from agentic.clock import Now
from agentic.models import User
from agentic.roles import may
from decisions.auditor import GRACE
from decisions.models import Decision, Escalation, Task
from decisions.states import DecisionStatus, State
from decisions.stopping import on
from oversight.selectors.saved import Saved

ALARMS = frozenset({"bad", "warn"})


class Tile(NamedTuple):
    """`text` says what the number means at this moment; the tone's colour only finds it faster."""

    name: str
    number: str
    text: str
    tone: Tone
    address: str

    @property
    def alarms(self) -> bool:
        return self.tone in ALARMS


class Counted(NamedTuple):
    """What is counted, for whom, what is said of any and of none, and the list behind it."""

    name: str
    rule: str
    rows: Callable[[], QuerySet[Any]]
    tone: Tone
    text: str
    none: str
    page: str
    asked: dict[str, Any] = {}
    not_beside: str = ""  # whoever this rule lets in has another tile for it


TILES = (
    Counted(
        "escalated",
        "escalations.view",
        lambda: Escalation.objects.filter(resolved_at__isnull=True),
        "bad",
        "a person must decide what becomes of them",
        "nothing was handed to a person",
        "escalations",
    ),
    Counted(
        "overdue",
        "tasks.view",
        lambda: Task.objects.filter(due_at__lt=Now() - GRACE),
        "bad",
        "their time passed and nobody looked: is the sweep running?",
        "every deadline was looked at in time",
        "tasks",
        {"overdue": "yes"},
    ),
    Counted(
        "stops on",
        "stops.view",
        on,
        "warn",
        "nothing in their scope is given to agents",
        "nothing is stopped",
        "agents",
    ),
    Counted(
        "waiting for a person",
        "reviews.view",
        lambda: Decision.objects.filter(status=DecisionStatus.PENDING),
        "busy",
        "decisions that wait for a person",
        "nothing waits for a person",
        "reviews",
    ),
    Counted(
        "waiting for a person",
        "tasks.view",
        lambda: Task.objects.filter(state=State.COMPLETED),
        "busy",
        "tasks with a result that is to be reviewed",
        "no result waits for a review",
        "tasks",
        {"state": State.COMPLETED.value},
        not_beside="reviews.view",
    ),
    Counted(
        "queued",
        "tasks.view",
        lambda: Task.objects.filter(state=State.QUEUED),
        "quiet",
        "tasks that wait for an agent, or for their time",
        "no task waits for an agent",
        "tasks",
        {"state": State.QUEUED.value},
    ),
    Counted(
        "running",
        "tasks.view",
        lambda: Task.objects.filter(state=State.IN_PROGRESS),
        "busy",
        "tasks that agents work on at this moment",
        "no agent works on a task",
        "tasks",
        {"state": State.IN_PROGRESS.value},
    ),
)


def tiles_for(user: User) -> list[Tile]:
    """What the person may not see is not counted for them."""
    return [tile_of(one) for one in TILES if may(user, one.rule) and not may(user, one.not_beside)]


def tile_of(one: Counted) -> Tile:
    number = counted(one.rows())
    address = reverse(one.page, query=one.asked)
    nothing: Tone = "good" if one.tone in ALARMS else "quiet"
    text, tone = (one.text, one.tone) if number else (one.none, nothing)
    return Tile(one.name, in_words(number), text, tone, address)


def saved_tiles(user: User, saved: Saved) -> list[Tile]:
    """The hours that nobody had to work, with their interval, for those who may look at the policy behind it."""
    if not may(user, "policies.view"):
        return []
    passed = f"{'' if saved.exact else '≈ '}{saved.passed:,} decisions that nobody had to look at in 30 days"
    hours, text = "-", f"{passed}; how long reviews take was not recorded"
    if saved.hours and saved.hours.value is not None:
        hours = f"{saved.hours.value:,.1f} h"
        between = f"{saved.hours.low:,.1f} to {saved.hours.high:,.1f} h"
        text = f"{between} (95 %): {passed}, by {saved.hours.n:,} timed reviews"
    return [Tile("saved", hours, text, "quiet", reverse("policies"))]
