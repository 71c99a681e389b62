"""Escalations: the open ones by what presses most, the resolved ones by when they came."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from decisions.models import Escalation

PAGE = 25
MOST_OPEN = 100  # on the page at once; past this, people have other worries than a longer list
PEOPLE = ("opened_by", "acknowledged_by", "assigned_to", "resolved_by")
HEAVY = ("task__payload", "task__result", "task__description")


class Resolved(NamedTuple):
    """`older` is the id after which they go on; empty when these are the last."""

    rows: list[Escalation]
    older: str


def rows() -> QuerySet[Escalation]:
    return Escalation.objects.select_related("task", *PEOPLE).defer(*HEAVY)


def open_escalations() -> list[Escalation]:
    """The highest level first, then the oldest; one more than are shown, when there are more."""
    opened = rows().filter(resolved_at__isnull=True)
    return list(opened.order_by("-level", "opened_at", "id")[: MOST_OPEN + 1])


def resolved_escalations(after: UUID | None) -> Resolved:
    """The last one that came stands first: ids go by the time at which they were made, and have an index."""
    done = rows().filter(resolved_at__isnull=False).order_by("-id")
    found = list((done.filter(pk__lt=after) if after else done)[: PAGE + 1])
    shown = found[:PAGE]
    return Resolved(shown, str(shown[-1].pk) if len(found) > PAGE else "")
