"""What can be shown of a task later: who decided what, on which basis, and by which records that can be checked."""

from __future__ import annotations

import hashlib
from typing import Any

from django.db.models import Prefetch

from agentic.clock import database_now
from agentic.models import Event
from agentic.vocabulary import EntityType
from decisions.digests import canonical
from decisions.models import Attempt, Decision, Review, Task
from oversight.frames import GUARDED

MOST = 500  # of each kind of record: more paper than that nobody reads
HEAVY = ("proposal", "evidence", "rationale")


def receipt_of(task: Task, *, sees_escalations: bool, sees_reviews: bool) -> dict[str, Any]:
    """The newest `MOST` records of each kind, from the oldest to the newest. Of what was proposed digests only."""
    events = Event.objects.filter(entity_type=EntityType.TASK, entity_id=task.pk)
    shown = events if sees_escalations else events.exclude(event_type__in=GUARDED)
    attempts = Attempt.objects.filter(task=task).select_related("agent").defer("checkpoint")
    said = Review.objects.select_related("reviewer")
    decisions = Decision.objects.filter(task=task).select_related("agent", "attempt").defer(*HEAVY)
    decisions = decisions.prefetch_related(Prefetch("reviews", said))
    return {
        "task": task,
        "sees_reviews": sees_reviews,
        "result_hash": sha256(task.result),
        "payload_hash": sha256(task.payload),
        "attempts": newest(attempts.order_by("-number")),
        "decisions": newest(decisions.order_by("-created_at")),
        "overrides": newest(said.filter(task=task, decision=None).order_by("-created_at")),
        "events": newest(shown.order_by("-version")),
        "most": MOST,
        "made_at": database_now(),
    }


def newest(rows: Any) -> list[Any]:
    return list(rows[:MOST])[::-1]


def sha256(value: Any) -> str:
    """Of the value as JSON with sorted keys and no blanks; empty where there is none."""
    return "" if value is None else hashlib.sha256(canonical.encode(value)).hexdigest()
