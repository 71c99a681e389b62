"""One decision as it lies open on the review desk, with what somebody must know to judge it."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from django.db.models import Avg, Count
from django.utils import timezone

from agentic.actors import Actor
from agentic.clock import database_now
from agentic.errors import NotAllowed, NotFound
from agentic.ids import first_id_at
from agentic.models import Event, User
from agentic.vocabulary import EntityType
from decisions.models import Decision, Review
from decisions.permitted import Action, allowed_actions
from decisions.services.verdicts import check_duties
from decisions.states import DecisionStatus
from decisions.statistics import Share
from oversight.selectors.agents import TO_PEOPLE, corrected

COUNTED = 500  # of the agent's newest decisions that went to people
MOST_EARLIER = 20
CLOCKS_DIFFER_BY = timedelta(hours=1)


class ReviewStanding(NamedTuple):
    """Where the decision stands between the people who look at it; `ended` tells the event that decided it."""

    decision: Decision
    held_by: User | None
    is_mine: bool
    ended: Event | None
    review: Review | None


class Opened(NamedTuple):
    standing: ReviewStanding
    record: Share
    earlier: list[Review]
    actions: list[Action]
    refusal: str  # why this person may not decide; empty when they may

    @property
    def decision(self) -> Decision:
        return self.standing.decision

    @property
    def may_override(self) -> bool:
        return any(action.name == "override" for action in self.actions)


def open_review(decision_id: UUID, *, user: User, actor: Actor) -> Opened:
    standing = standing_of(decision_id, user)
    decision = standing.decision
    return Opened(
        standing,
        record_of(decision.agent_id, decision.task.task_type),
        earlier_verdicts(decision),
        allowed_actions(user, decision.task, actor=actor),
        refusal_of(decision, actor),
    )


def standing_of(decision_id: UUID, user: User) -> ReviewStanding:
    rows = Decision.objects.select_related("task", "agent", "reserved_by")
    decision = rows.filter(pk=decision_id).first()
    if decision is None:
        raise NotFound("There is no such decision.")
    if decision.status != DecisionStatus.PENDING:
        return ReviewStanding(decision, None, False, ending_of(decision_id), review_of(decision_id))
    until = decision.reserved_until
    holder = decision.reserved_by if until and until > database_now() else None
    return ReviewStanding(decision, holder, holder == user, None, None)


def ending_of(decision_id: UUID) -> Event | None:
    """Nothing is said of a decision after its verdict."""
    told = Event.objects.filter(entity_type=EntityType.DECISION, entity_id=decision_id)
    return told.order_by("-version").first()


def review_of(decision_id: UUID) -> Review | None:
    return Review.objects.select_related("reviewer").filter(decision=decision_id).first()


def earlier_verdicts(decision: Decision) -> list[Review]:
    """What people said of the same task before, the newest first."""
    others = Review.objects.filter(task=decision.task_id).exclude(decision=decision.pk)
    return list(
        others.select_related("reviewer", "decision").order_by("-created_at")[:MOST_EARLIER]
    )


def record_of(agent_id: UUID | None, task_type: str) -> Share:
    """How many of the agent's results for tasks of this type people corrected, of those that they judged."""
    if agent_id is None:
        return Share(0, 0)
    newest = Decision.objects.filter(agent=agent_id, route__in=TO_PEOPLE).order_by("-created_at")
    rows = newest.values_list("task__task_type", "status")[:COUNTED]
    return corrected(status for kind, status in rows if kind == task_type)


def refusal_of(decision: Decision, actor: Actor) -> str:
    try:
        check_duties(decision.task, actor)
    except NotAllowed as error:
        return str(error)
    return ""


class Progress(NamedTuple):
    """A person's own day; `seconds` for one of those that the desk has timed, and None without any."""

    decided: int
    seconds: float | None


def progress_of(person: UUID) -> Progress:
    """Since midnight."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    since = first_id_at(midnight - CLOCKS_DIFFER_BY)
    mine = Review.objects.filter(reviewer=person, created_at__gte=midnight, pk__gte=since)
    return Progress(**mine.aggregate(decided=Count("pk"), seconds=Avg("seconds_spent")))
