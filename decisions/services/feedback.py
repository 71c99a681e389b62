"""What people and programs tell of how a task turned out: a rating, an outcome, a measured figure."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import transaction

from agentic.actors import Actor
from agentic.changes import Happening, Insert, Move
from agentic.errors import Invalid
from agentic.ids import new_id
from agentic.transitions import move
from agentic.vocabulary import EventType
from decisions.models import TASKS, Attempt, Decision, Feedback
from decisions.models.decision import FeedbackType
from decisions.provenance import RESTED_ON, rested_on
from decisions.shapes import FeedbackRequest
from decisions.work import Work, load_one

# What each kind must say, beside a comment.
TELLS = {
    FeedbackType.USER_RATING: ("rating",),
    FeedbackType.OUTCOME_RESULT: ("correct",),
    FeedbackType.PERFORMANCE_METRIC: ("metric", "value"),
}
FIELDS = ("rating", "correct", "metric", "value")
LOWEST, HIGHEST = 1, 5  # rating


@transaction.atomic
def give_feedback(task_id: UUID, *, actor: Actor, told: FeedbackRequest) -> UUID:
    """One labelled example more, of the task or of one of its decisions. Its id; Invalid names what is wrong."""
    content = content_of(told)
    work = load_one(task_id, lock=True)
    row = feedback_row(work, content, actor, told)
    about = {
        "feedback_id": row.values["id"],
        "agent_id": row.values["agent_id"],
        "feedback_type": told.feedback_type,
        "by": actor.label,
    }
    events = [Happening(EventType.TASK_FEEDBACK_GIVEN, about)]
    # Neither due_at nor updated_at: what waits goes on waiting from when it began to.
    move(TASKS, Move(work.id, work.state, work.version, (), events, {}, (row,)), actor=actor)
    feedback_id: UUID = row.values["id"]
    return feedback_id


def content_of(told: FeedbackRequest) -> dict[str, Any]:
    wanted = TELLS[FeedbackType(told.feedback_type)]
    for name in FIELDS:
        is_told = getattr(told, name) is not None
        if is_told and name not in wanted:
            raise Invalid(**{name: f"does not belong to {told.feedback_type}"})
        if not is_told and name in wanted:
            raise Invalid(**{name: f"{told.feedback_type} needs it"})
    said = {name: getattr(told, name) for name in wanted}
    return said | ({"comment": told.comment} if told.comment else {})


def feedback_row(
    work: Work, content: dict[str, Any], actor: Actor, told: FeedbackRequest
) -> Insert:
    decision = decision_of(work, told.decision_id) if told.decision_id else {}
    return Insert(
        Feedback,
        {
            "id": new_id(),
            "task_id": work.id,
            "agent_id": decision["agent_id"] if decision else last_at_work(work),
            "decision_id": told.decision_id,
            "feedback_type": told.feedback_type,
            "content": content | ({"rested_on": rested_on(decision)} if decision else {}),
            "source_user_id": actor.user_id,
            "created_at": work.now,
        },
    )


def last_at_work(work: Work) -> UUID | None:
    """The agent that it is about, where no decision is named."""
    attempts = Attempt.objects.filter(task=work.id).order_by("-number")
    return attempts.values_list("agent_id", flat=True).first()


def decision_of(work: Work, decision_id: UUID) -> dict[str, Any]:
    found = Decision.objects.filter(pk=decision_id, task=work.id).values("agent_id", *RESTED_ON)
    if not found:
        raise Invalid(decision_id="this task has no such decision")
    return dict(found[0])
