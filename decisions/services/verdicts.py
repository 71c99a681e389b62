"""What people say of decisions: approve, edit, reject, respond."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from agentic.actors import Actor
from agentic.changes import Happening, Insert, Move
from agentic.errors import Conflict, DomainError, Invalid, NotAllowed, NotFound
from agentic.fixed_query import FixedSet
from agentic.ids import new_id
from agentic.models import Event
from agentic.transitions import move_many
from agentic.vocabulary import EntityType
from agentic.vocabulary import EventType as Said
from decisions import moves, policy
from decisions.models import DECISIONS, Decision, Feedback, Review
from decisions.models.decision import FeedbackType, Verdict
from decisions.models.task import Priority
from decisions.plans import RESULT, Answer
from decisions.provenance import PROVENANCE, rested_on, seen_with
from decisions.retries import Next, retry_or_escalate
from decisions.services.effects import move_tasks
from decisions.services.reservations import NOBODY
from decisions.services.waiting import wake_askers
from decisions.shapes import ReviewOf
from decisions.states import DECISION_LEGAL, DecisionStatus, State
from decisions.work import Work, load

STATUS = {
    Verdict.APPROVE: (DecisionStatus.APPROVED, Said.DECISION_APPROVED),
    Verdict.EDIT: (DecisionStatus.EDITED, Said.DECISION_EDITED),
    Verdict.REJECT: (DecisionStatus.REJECTED, Said.DECISION_REJECTED),
    Verdict.RESPOND: (DecisionStatus.RESPONDED, Said.DECISION_RESPONDED),
}
DECISION_FIELDS = (
    "id", "task_id", "agent_id", "decision_type", "status", "version", "proposal", "confidence", *PROVENANCE,
)  # fmt: skip
Result = Answer | DomainError


class Judged(NamedTuple):
    """A verdict with all that it rests on."""

    decision: dict[str, Any]
    work: Work
    review: ReviewOf

    @property
    def result(self) -> dict[str, Any]:
        """What stands after the verdict: the person's version of an edit, else the agent's."""
        proposed: dict[str, Any] = self.decision["proposal"]
        return proposed if self.review.proposal is None else self.review.proposal


def decide(review: ReviewOf, *, actor: Actor) -> Answer:
    """One verdict, or its error."""
    (result,) = decide_many([review], actor=actor)
    if isinstance(result, DomainError):
        raise result
    return result


@transaction.atomic
def decide_many(reviews: Sequence[ReviewOf], *, actor: Actor) -> list[Result]:
    """Verdicts on several decisions: one that is refused does not stop the others. Answers in order."""
    tasks = {row["id"]: row["task_id"] for row in read_decisions([r.decision_id for r in reviews])}
    results: dict[int, Result] = {}
    left = list(enumerate(reviews))
    while left:
        # One verdict per task at a time: the next one looks at what this one has left.
        by_task = {
            tasks.get(review.decision_id, review.decision_id): place
            for place, review in reversed(left)
        }
        first = frozenset(by_task.values())
        now = [(place, review) for place, review in left if place in first]
        left = [(place, review) for place, review in left if place not in first]
        results |= decide_set(now, tasks, actor)
    return [results[place] for place in range(len(reviews))]


def decide_set(
    reviews: list[tuple[int, ReviewOf]], tasks: dict[UUID, UUID], actor: Actor
) -> dict[int, Result]:
    """Verdicts on decisions of different tasks."""
    ids = [review.decision_id for _, review in reviews]
    # Whoever writes a decision holds its task's row: after this, what is read stays true.
    works = load({tasks[decision_id] for decision_id in ids if decision_id in tasks}, lock=True)
    decisions = {row["id"]: row for row in read_decisions(ids)}
    results: dict[int, Result] = {}
    judged: list[Judged] = []
    for place, review in reviews:
        try:
            one = judge(review, decisions.get(review.decision_id), works, actor)
        except DomainError as error:
            results[place] = error
            continue
        judged.append(one)
        results[place] = answer(one)
    write(judged, actor)
    return results


def read_decisions(ids: Sequence[UUID]) -> list[dict[str, Any]]:
    return [dict(zip(DECISION_FIELDS, row, strict=True)) for row in DECISIONS_OF.of(ids)]


def decisions_of(ids: Sequence[UUID]) -> QuerySet[Decision, tuple[Any, ...]]:
    return Decision.objects.filter(pk__in=ids).order_by().values_list(*DECISION_FIELDS)


DECISIONS_OF = FixedSet(decisions_of)


def judge(
    review: ReviewOf, decision: dict[str, Any] | None, works: dict[UUID, Work], actor: Actor
) -> Judged:
    """The verdict, if it may be given; else the error that says why not."""
    if decision is None:
        raise NotFound("There is no such decision.")
    work = works[decision["task_id"]]
    check_words(review)
    check_duties(work, actor)
    if decision["status"] != DecisionStatus.PENDING:
        raise Conflict(
            decision["status"],
            DECISION_LEGAL[decision["status"]],
            "This decision is not pending any more.",
        )
    if review.proposal is not None and review.proposal == decision["proposal"]:
        raise Invalid(proposal="this is what was proposed: approve it, or change it")
    return Judged(decision, work, review)


def check_words(review: ReviewOf) -> None:
    if review.verdict == Verdict.OVERRIDE:
        raise Invalid(verdict="an override is said of the task")
    if review.verdict == Verdict.EDIT and review.proposal is None:
        raise Invalid(proposal="an edit needs the new proposal")
    if review.verdict != Verdict.EDIT and review.proposal is not None:
        raise Invalid(proposal="only an edit takes a proposal")
    if review.verdict == Verdict.REJECT and not review.reason_code:
        raise Invalid(reason_code="a rejection needs a reason code")
    if review.verdict == Verdict.RESPOND and not review.reason:
        raise Invalid(reason="a response needs its text")


class OfSomebody(Protocol):
    """What the rule of two people looks at: a task's row, or the work that was loaded of it."""

    @property
    def id(self) -> UUID: ...
    @property
    def priority(self) -> int: ...
    @property
    def created_by_id(self) -> UUID | None: ...


def check_duties(work: OfSomebody, actor: Actor) -> None:
    """Nobody decides about what they asked for: always for critical tasks, for all of them by a setting."""
    strict = work.priority == Priority.CRITICAL or settings.REVIEW_SEPARATION_OF_DUTIES
    if not strict or actor.user_id is None:
        return
    if work.created_by_id == actor.user_id:
        raise NotAllowed("You created this task: somebody else must decide about it.")
    mine = Event.objects.filter(
        entity_type=EntityType.TASK, entity_id=work.id, user_id=actor.user_id
    )
    if mine.filter(event_type=Said.TASK_COMPLETED).exists():
        raise NotAllowed("You handed in a result of this task: somebody else must decide about it.")


def answer(one: Judged) -> Answer:
    status, _ = STATUS[Verdict(one.review.verdict)]
    return {
        "decision_id": one.decision["id"],
        "task_id": one.work.id,
        "status": status,
        "proposal": one.result,
    }


def write(judged: list[Judged], actor: Actor) -> None:
    if not judged:
        return
    move_many(DECISIONS, [decision_move(one, actor) for one in judged], actor=actor)
    results = [one for one in judged if is_result(one)]
    if results:
        move_tasks(
            [task_move(one, actor) for one in results],
            {one.work.id: one.work for one in results},
            actor=actor,
        )
    wake_askers([one.work.id for one in judged if not is_result(one)])


def is_result(one: Judged) -> bool:
    """Whether the task as a whole waits for this verdict, rather than an agent in the middle of it."""
    return one.decision["decision_type"] == RESULT and one.work.state == State.COMPLETED


def decision_move(one: Judged, actor: Actor) -> Move:
    """The decision's own move, with the review and what can be learned from it."""
    status, said = STATUS[Verdict(one.review.verdict)]
    data = {
        "task_id": one.work.id,
        "reason_code": one.review.reason_code,
        "reason": one.review.reason,
    }
    return Move(
        one.decision["id"],
        one.decision["status"],
        one.decision["version"],
        (status,),
        [Happening(said, data)],
        {"decided_at": one.work.now, "due_at": None, **NOBODY},
        (review_row(one, actor), feedback_row(one, actor)),
    )


def review_row(one: Judged, actor: Actor) -> Insert:
    return Insert(
        Review,
        {
            "id": new_id(),
            "task_id": one.work.id,
            "decision_id": one.decision["id"],
            "reviewer_id": actor.user_id,
            "verdict": one.review.verdict,
            "reason_code": one.review.reason_code,
            "reason": one.review.reason,
            "new_proposal": one.review.proposal,
            "seconds_spent": one.review.seconds_spent,
            # An edited proposal is a person's own: the policy that let them decide it is kept with it.
            "policy_version": policy.active.get().version,
            "created_at": one.work.now,
        },
    )


def feedback_row(one: Judged, actor: Actor) -> Insert:
    """A labelled example: what was proposed, how sure the agent was, what a person made of it."""
    content = {
        "verdict": one.review.verdict,
        "reason_code": one.review.reason_code,
        "proposal": one.decision["proposal"],
        "corrected": one.review.proposal,
        "confidence": one.decision["confidence"],
        "seen_with_probability": seen_with(one.decision),
        "rested_on": rested_on(one.decision),
    }
    return feedback(
        one.work, content, actor, agent_id=one.decision["agent_id"], decision_id=one.decision["id"]
    )


def feedback(
    work: Work,
    content: dict[str, Any],
    actor: Actor,
    *,
    agent_id: UUID | None,
    decision_id: UUID | None,
) -> Insert:
    return Insert(
        Feedback,
        {
            "id": new_id(),
            "task_id": work.id,
            "agent_id": agent_id,
            "decision_id": decision_id,
            "feedback_type": FeedbackType.HUMAN_CORRECTION,
            "content": content,
            "source_user_id": actor.user_id,
            "created_at": work.now,
        },
    )


def task_move(one: Judged, actor: Actor) -> Move:
    """What the verdict means for a task that waits for it."""
    about = {"decision_id": one.decision["id"], "verdict": one.review.verdict, "by": actor.label}
    told = {**about, "reason_code": one.review.reason_code, "reason": one.review.reason}
    match one.review.verdict:
        case Verdict.REJECT:
            return sent_back(one.work, told)
        case Verdict.RESPOND:
            return moves.requeue(
                one.work, Said.TASK_RESPONDED, told, one.work.now, due_at=one.work.now
            )
    return moves.end(
        one.work, Said.TASK_VERIFIED, about, one.work.now, state=State.VERIFIED, result=one.result
    )


def sent_back(work: Work, told: dict[str, Any]) -> Move:
    """A rejection is one retry less; when none is left, the task goes to a person as a whole."""
    step = retry_or_escalate(work, "", "a reviewer rejected the result")
    if step.kind == Next.ESCALATE:
        why = {**told, "reason": step.reason, "comment": told["reason"]}
        return moves.escalate(work, step.reason, work.now, data=why)
    return moves.requeue(
        work, Said.TASK_REJECTED, told, work.now, due_at=work.now, retries=work.retry_count + 1
    )
