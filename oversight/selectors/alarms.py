"""Which tasks an alarm is about, for pages that were away for longer than a process keeps events."""

from __future__ import annotations

from uuid import UUID

from agentic.models import Event
from agentic.vocabulary import EventType
from decisions.models import Escalation

MOST_READ = 100_000  # events; to a page that was away for longer all that are open are news
MOST_TOLD = 1_000


def escalated_between(after: int, upto: int) -> list[UUID]:
    """Each once; of very many some."""
    if upto - after > MOST_READ:
        opened = Escalation.objects.filter(resolved_at__isnull=True)
        tasks = opened.order_by("-level", "opened_at", "id").values_list("task_id", flat=True)
    else:
        there = Event.objects.filter(position__gt=after, position__lte=upto)
        said = there.filter(event_type=EventType.TASK_ESCALATED).order_by("position")
        tasks = said.values_list("entity_id", flat=True)
    return list(dict.fromkeys(tasks[:MOST_TOLD]))
