"""How often each agent was right at each type of task, kept in the memory of a process for those who delegate.

It rests on the verdicts of people on what they were shown, each standing for 1 / the probability with which it was
seen, and on outcomes that were told afterwards. What nobody looked at is no outcome. The newest count most: each week
that has passed takes a part of the weight, so that an agent that has become better or worse is noticed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from django.db import DatabaseError, connection
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Sum, Value, When
from django.db.models.functions import TruncWeek

from agentic.clock import database_now
from agentic.ids import first_id_at
from agents.thompson import NO_RECORDS, Outcomes, Records
from decisions.learning.keeping import apart
from decisions.models import Feedback, Review
from decisions.models.decision import FeedbackType, Route, Verdict

READ_SECONDS = 5.0
# A process reads for no more than this share of its time: 100,000 verdicts take some 0.4 s, and are read each 40 s.
MOST_READING = 0.01
REMEMBERED = timedelta(days=90)
HALF_LIFE = timedelta(days=30)
RIGHT = Q(verdict=Verdict.APPROVE)
# Who answers with text has not said whether it was right.
JUDGING = (Verdict.APPROVE, Verdict.EDIT, Verdict.REJECT, Verdict.OVERRIDE)
NEVER = float("-inf")
logger = logging.getLogger(__name__)
Key = tuple[UUID, str]
Row = TypeVar("Row", Review, Feedback)


class Week(NamedTuple):
    """The outcomes of one agent at one type in one week: counts, and sums of weights and of their squares."""

    agent_id: UUID
    task_type: str
    begins: datetime
    right: int
    known: int
    right_weight: float
    weight: float
    squares: float


class Sums(NamedTuple):
    right: int = 0
    known: int = 0
    right_weight: float = 0.0
    weight: float = 0.0
    squares: float = 0.0

    def plus(self, week: Week, kept: float) -> Sums:
        return Sums(
            self.right + week.right,
            self.known + week.known,
            self.right_weight + kept * week.right_weight,
            self.weight + kept * week.weight,
            self.squares + kept * week.squares,
        )

    def outcomes(self) -> Outcomes:
        """Unequal weights are worth fewer outcomes than there were (Kish), and old ones fewer still."""
        share = self.right_weight / self.weight
        return Outcomes(self.right, self.known, share, self.weight**2 / self.squares)


def records_of(weeks: Iterable[Week], now: datetime) -> Records:
    agents: dict[Key, Sums] = defaultdict(Sums)
    types: dict[str, Sums] = defaultdict(Sums)
    for week in weeks:
        kept = 0.5 ** ((now - week.begins) / HALF_LIFE)
        key = week.agent_id, week.task_type
        agents[key] = agents[key].plus(week, kept)
        types[week.task_type] = types[week.task_type].plus(week, kept)
    return Records(
        {key: sums.outcomes() for key, sums in agents.items()},
        {task_type: sums.outcomes() for task_type, sums in types.items()},
    )


def read_records() -> Records:
    now = database_now()
    since = now - REMEMBERED
    return records_of((Week(*row) for row in [*verdicts(since), *told_outcomes(since)]), now)


def verdicts(since: datetime) -> QuerySet[Review, tuple[Any, ...]]:
    seen = Review.objects.filter(
        created_at__gte=since,
        verdict__in=JUDGING,
        decision__agent__isnull=False,
        decision__route__in=(Route.PERSON, Route.SAMPLE),
        decision__audit_probability__gt=0,
    )
    drawn = When(decision__route=Route.SAMPLE, then=1.0 / F("decision__audit_probability"))
    weighed = seen.annotate(each=Case(drawn, default=Value(1.0)))
    return by_week(weighed, "decision__agent_id", RIGHT)


def told_outcomes(since: datetime) -> QuerySet[Feedback, tuple[Any, ...]]:
    """The last word of each task, or of each of its decisions, where people have not judged that already.

    Found by their ids, which sort by time. How it came that they were told is not known: each counts as one.
    """
    outcomes = Feedback.objects.filter(feedback_type=FeedbackType.OUTCOME_RESULT)
    told = outcomes.filter(pk__gte=first_id_at(since), agent__isnull=False)
    about = Q(decision=OuterRef("decision")) | Q(decision=None, task=OuterRef("task"))
    newer = outcomes.filter(Q(pk__gt=OuterRef("pk")) & about)
    judged = Review.objects.filter(decision=OuterRef("decision"), verdict__in=JUDGING)
    last = told.exclude(Exists(newer)).exclude(Exists(judged))
    return by_week(last.annotate(each=Value(1.0)), "agent_id", Q(content__correct=True))


def by_week(rows: QuerySet[Row, Any], agent: str, right: Q) -> QuerySet[Row, tuple[Any, ...]]:
    """In the order of `Week`."""
    kinds = rows.annotate(begins=TruncWeek("created_at")).order_by()
    grouped = kinds.values_list(agent, "task__task_type", "begins")
    return grouped.annotate(
        right=Count("pk", filter=right),
        known=Count("pk"),
        right_weight=Sum("each", filter=right, default=0.0),
        weight=Sum("each"),
        squares=Sum(F("each") * F("each")),
    )


class Kept:
    """The records as they were READ_SECONDS ago at most; longer, where reading them takes long."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """As if the process had just begun."""
        self.records, self.next_at = NO_RECORDS, NEVER

    def get(self) -> Records:
        """One of all who come reads; the others go by what is there."""
        may_read = self.is_old() and not connection.needs_rollback
        if may_read and self.turn.acquire(blocking=self.next_at == NEVER):
            try:
                self.look()
            finally:
                self.turn.release()
        return self.records

    def is_old(self) -> bool:
        return time.monotonic() >= self.next_at

    def look(self) -> None:
        if not self.is_old():
            return
        began = time.monotonic()
        try:
            with apart():
                self.records = read_records()
        except DatabaseError:
            logger.warning("how often the agents were right could not be read", exc_info=True)
        ended = time.monotonic()
        self.next_at = ended + max(READ_SECONDS, (ended - began) / MOST_READING)


kept = Kept()
