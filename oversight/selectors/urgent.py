"""What waits for a person as a whole task, the most urgent first."""

from __future__ import annotations

from decisions.models import Escalation

MOST_SHOWN = 5
# In the order of the index of those that are open, which is that of their tasks: so many of the oldest are looked at.
MOST_READ = 200


def urgent() -> list[Escalation]:
    opened = Escalation.objects.filter(resolved_at__isnull=True).order_by("task_id")
    rows = opened.select_related("task", "assigned_to").defer("task__payload", "task__result")
    return sorted(rows[:MOST_READ], key=urgency)[:MOST_SHOWN]


def urgency(one: Escalation) -> tuple[object, ...]:
    return -one.level, -one.task.priority, one.opened_at
