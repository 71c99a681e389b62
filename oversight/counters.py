"""How much waits for a person: the figures in the menu, on every page and in every push."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import QuerySet

from agentic.board import counted, in_words
from agentic.roles import may
from decisions.models import Decision, Escalation
from decisions.states import DecisionStatus


class Counter(NamedTuple):
    """`name` is the page that the figure leads to; `number` is exact up to a bound, `text` says when it is more."""

    name: str
    number: int
    text: str
    alarm: bool


class Counted(NamedTuple):
    name: str
    rule: str
    rows: Callable[[], QuerySet[Any]]
    alarm: bool = False


COUNTED = (
    Counted(
        "reviews",
        "reviews.view",
        lambda: Decision.objects.filter(status=DecisionStatus.PENDING),
    ),
    Counted(
        "escalations",
        "escalations.view",
        lambda: Escalation.objects.filter(resolved_at__isnull=True),
        alarm=True,
    ),
)


def counters_for(user: Any) -> dict[str, Counter]:
    """By name; what the person may not see is not counted for them."""
    return {one.name: count(one) for one in COUNTED if may(user, one.rule)}


def count(one: Counted) -> Counter:
    number = counted(one.rows())
    return Counter(one.name, number, in_words(number), one.alarm)


def count_all() -> dict[str, Counter]:
    return {one.name: count(one) for one in COUNTED}
