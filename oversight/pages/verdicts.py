"""What is decided on the review desk: one by one, or several at once."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django_htmx.http import reswap, retarget

from agentic.errors import Conflict, DomainError, NotAllowed
from agentic.refusals import note
from decisions.models import Decision
from decisions.models.decision import Verdict
from decisions.permitted import ACTIONS, guard
from decisions.services.interventions import override_task
from decisions.services.verdicts import decide, decide_many
from oversight.desk import move_on, queue_context
from oversight.doors import PageRequest, action, actor, in_words
from oversight.pages.reviews import show_standing
from oversight.said import id_said, override_said, seconds_said, several_said, verdict_said
from oversight.selectors.open_review import standing_of
from oversight.selectors.review_queue import filters_of, queue_for

DONE = {
    Verdict.APPROVE: "Approved",
    Verdict.EDIT: "Approved with your changes",
    Verdict.REJECT: "Sent back",
    Verdict.RESPOND: "Answered",
}
UNDO_SECONDS = 5


@action("reviews.decide")
def decide_review(request: PageRequest, decision_id: UUID) -> HttpResponse:
    decision = standing_of(decision_id, request.user).decision
    said = verdict_said(request.POST, decision)
    following = queue_for(request.user.pk, filters_of(request.GET)).after(decision_id)
    try:
        decide(said, actor=actor(request))
    except Conflict as error:
        return overtaken(request, decision_id, error)
    return move_on(request, following, f"{DONE[said.verdict]}: {decision.task}")


@action("tasks.override")
def override_review(request: PageRequest, decision_id: UUID) -> HttpResponse:
    """The person decides the task that the decision is about, as a whole."""
    decision = standing_of(decision_id, request.user).decision
    said = override_said(request.POST, decision)
    following = queue_for(request.user.pk, filters_of(request.GET)).after(decision_id)
    try:
        guard(ACTIONS["override"], request.user, decision.task, actor=actor(request))
        override_task(
            decision.task_id,
            actor=actor(request),
            reason=said.reason,
            new_decision=said.new_decision,
            seconds_spent=seconds_said(request.POST),
        )
    except Conflict as error:
        return overtaken(request, decision_id, error)
    return move_on(request, following, f"Decided by you: {decision.task}")


def overtaken(request: PageRequest, decision_id: UUID, error: Conflict) -> HttpResponse:
    """Somebody was faster: told beside what was typed, which stays where it is."""
    if not request.htmx:
        raise error
    told = show_standing(request, decision_id)
    told.status_code = Conflict.status
    return reswap(retarget(told, "#standing"), "innerHTML")


class Outcome(NamedTuple):
    """What became of one of several."""

    title: str
    problem: str


@action("reviews.decide")
def ask_several(request: PageRequest) -> HttpResponse:
    """Nothing is decided yet: the part that is shown does it, unless it is taken away in time."""
    asked = several_said(request.POST)
    context = {
        "reviews": asked,
        "said": asked[0],
        "query": filters_of(request.GET).query,
        "seconds": UNDO_SECONDS,
    }
    whole, part = "oversight/desk_bulk.html", "oversight/_desk_bulk_waiting.html"
    return render(request, part if request.htmx else whole, context)


@action("reviews.decide")
def decide_several(request: PageRequest) -> HttpResponse:
    asked = several_said(request.POST)
    results = decide_many(asked, actor=actor(request))
    for refused in (result for result in results if isinstance(result, NotAllowed)):
        note(request, "reviews.decide", refused.detail)
    filters = filters_of(request.GET)
    context = {
        **queue_context(request, filters, id_said(request.POST, "open")),
        "outcomes": outcomes([one.decision_id for one in asked], results),
        "done": DONE[asked[0].verdict],
    }
    whole, part = "oversight/desk_bulk.html", "oversight/_desk_bulk_results.html"
    return render(request, part if request.htmx else whole, context)


def outcomes(ids: list[UUID], results: list[dict[str, object] | DomainError]) -> list[Outcome]:
    titles = dict(Decision.objects.filter(pk__in=ids).values_list("pk", "task__title"))
    return [
        Outcome(
            titles.get(pk, "not there"), in_words(result) if isinstance(result, DomainError) else ""
        )
        for pk, result in zip(ids, results, strict=True)
    ]
