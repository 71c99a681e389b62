"""What was told of tasks and of the work of agents: the newest of it, and what ratings and outcomes come to."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

from django.db.models import F, QuerySet

from agentic.models import User
from agentic.roles import may
from decisions.models import Decision, Feedback, Task
from decisions.models.decision import FeedbackType
from decisions.services.feedback import HIGHEST, LOWEST, TELLS
from decisions.statistics import Mean, Share, mean_of

NEWEST = 10
COUNTED = 1_000
MOST_CHOICES = 20


class Told(NamedTuple):
    """Of an agent's work, by its newest `COUNTED` ratings and outcomes."""

    rating: Mean
    right: Share
    newest: list[Feedback]


def kinds_for(user: User) -> Collection[str]:
    """What people said in reviews stands before those who review; the rest before all who may tell it."""
    if may(user, "reviews.view"):
        return FeedbackType.values
    return list(TELLS) if may(user, "feedback.give") else []


def feedback_of(task: Task, kinds: Collection[str]) -> QuerySet[Feedback]:
    return shown(Feedback.objects.filter(task=task, feedback_type__in=kinds))


def shown(rows: QuerySet[Feedback]) -> QuerySet[Feedback]:
    about = rows.annotate(about=F("decision__decision_type"))
    return about.select_related("source_user").order_by("-id")


def could_be_about(task: Task) -> list[Decision]:
    """The decisions of which something can be told, the newest first."""
    rows = Decision.objects.filter(task=task).order_by("-created_at")
    return list(rows.only("decision_type", "status", "created_at")[:MOST_CHOICES])


def told_of(agent_id: UUID, kinds: Collection[str]) -> Told:
    """Nothing of a verdict is counted here: what people said in reviews is measured apart."""
    rows = Feedback.objects.filter(agent=agent_id)
    counted = (FeedbackType.USER_RATING, FeedbackType.OUTCOME_RESULT)
    newest = (
        rows.filter(feedback_type__in=counted).order_by("-id").values_list("content", flat=True)
    )
    said = list(newest[:COUNTED])
    right = [one["correct"] for one in said if "correct" in one]
    return Told(
        mean_of([one["rating"] for one in said if "rating" in one], LOWEST, HIGHEST),
        Share(sum(right), len(right)),
        list(shown(rows.filter(feedback_type__in=kinds).select_related("task"))[:NEWEST]),
    )
