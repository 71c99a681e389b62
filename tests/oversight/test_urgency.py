"""What presses most is found among very many that are open, and by an index."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection

from agentic.clock import database_now
from agentic.ids import new_id
from decisions.models import Escalation, Task
from decisions.models.task import Priority
from oversight.selectors.escalations import MOST_OPEN, open_escalations
from oversight.selectors.review_queue import MOST_ESCALATED, most_escalated
from oversight.selectors.urgent import MOST_SHOWN, urgent
from tests.decisions.floor import Floor

OPEN = 10_000


@pytest.fixture
def many(floor: Floor) -> list[Escalation]:
    """The last ones that came press most: the newest is of the highest level, the one before it critical."""
    about = Task.objects.filter(pk=floor.queue()).values().get()
    tasks = [Task(**{**about, "id": new_id()}) for _ in range(OPEN)]
    now = database_now()
    tasks[-2].priority = Priority.CRITICAL
    Task.objects.bulk_create(tasks, batch_size=2_000)
    opened = [
        Escalation(task=task, reason="it waits", opened_at=now + timedelta(seconds=place))
        for place, task in enumerate(tasks)
    ]
    opened[-1].level = 2
    Escalation.objects.bulk_create(opened, batch_size=2_000)
    return opened


def test_the_most_urgent_of_ten_thousand_stand_first(many: list[Escalation]) -> None:
    first = [one.pk for one in urgent()]
    assert first == [many[-1].pk, many[-2].pk, *(one.pk for one in many[: MOST_SHOWN - 2])]
    listed = open_escalations()
    assert [one.pk for one in listed[:2]] == [many[-1].pk, many[0].pk]
    assert len(listed) == MOST_OPEN + 1
    shown = [one.task_id for one in most_escalated()]
    assert shown == [many[-1].task_id, *(one.task_id for one in many[: MOST_ESCALATED - 1])]


def test_their_order_is_that_of_an_index(many: list[Escalation]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    opened = Escalation.objects.filter(resolved_at__isnull=True)
    plan = opened.order_by("-level", "opened_at", "id")[:200].explain()
    assert "escalations_by_urgency" in plan
    assert not re.search("sort|temp b-tree", plan, re.IGNORECASE)
