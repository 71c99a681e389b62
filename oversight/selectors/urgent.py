"""What waits for a person as a whole task, the most urgent first."""

from __future__ import annotations

from decisions.models import Escalation

MOST_SHOWN = 5
URGENCY = ("-level", "-task__priority", "opened_at", "id")


def urgent() -> list[Escalation]:
    """Ranked by their ids alone, however many are open; only those that are shown are read whole."""
    opened = Escalation.objects.filter(resolved_at__isnull=True)
    ids = list(opened.order_by(*URGENCY).values_list("pk", flat=True)[:MOST_SHOWN])
    rows = Escalation.objects.filter(pk__in=ids).order_by(*URGENCY)
    return list(rows.select_related("task", "assigned_to").defer("task__payload", "task__result"))
