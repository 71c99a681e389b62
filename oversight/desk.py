"""The review desk as the pages show it: the queue, and the decision that lies open beside it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django_htmx.http import push_url, replace_url

from agentic.actors import Actor
from agentic.errors import Conflict, NotFound
from agentic.roles import may
from decisions.models.decision import ReasonCode
from decisions.models.task import Priority
from decisions.services.reservations import reserve_decision
from oversight.doors import PageRequest, actor, show
from oversight.editing import fields_of
from oversight.selectors.open_review import Opened, open_review, progress_of
from oversight.selectors.review_queue import (
    Filters,
    Queue,
    choices,
    filters_of,
    most_escalated,
    queue_for,
)

ANSWER = "oversight/_desk_answer.html"
TRIES = 5  # at reserving the next one: others may be faster


def show_desk(
    request: PageRequest, decision_id: UUID | None, queue: Queue | None = None
) -> HttpResponse:
    more = {"choices": choices, "priorities": Priority.labels}  # for the whole page only
    context = desk(request, decision_id, queue) | more
    return show(request, "oversight/reviews.html", context, part=ANSWER)


def desk(
    request: PageRequest, decision_id: UUID | None, queue: Queue | None = None
) -> dict[str, Any]:
    """All that its parts need; `queue` where it was read already."""
    filters = filters_of(request.GET)
    found = (
        open_review(decision_id, user=request.user, actor=actor(request)) if decision_id else None
    )
    return {
        **queue_context(request, filters, decision_id, queue),
        **opened_context(found),
        "progress": progress_of(request.user.pk),
        "codes": ReasonCode.choices,
    }


def queue_context(
    request: PageRequest, filters: Filters, open_id: UUID | None, queue: Queue | None = None
) -> dict[str, Any]:
    return {
        "queue": queue or queue_for(request.user.pk, filters),
        "filters": filters,
        "open_id": open_id,
        "escalated": most_escalated() if may(request.user, "escalations.view") else [],
    }


def opened_context(found: Opened | None) -> dict[str, Any]:
    if found is None:
        return {"opened": None}
    return {
        "opened": found,
        "standing": found.standing,
        "decision": found.decision,
        "task": found.decision.task,
        "fields": fields_of(found.decision.proposal),
    }


def first_of(queue: Queue) -> UUID | None:
    """What the person looks at already, else what nobody does."""
    mine = (row.id for row in queue.rows if row.holder(queue.now) == queue.person)
    return next(mine, None) or next(iter(queue.after(None)), None)


def take_first(ids: Iterable[UUID], by: Actor) -> UUID | None:
    """The first that is still to be had."""
    for decision_id in list(ids)[:TRIES]:
        with suppress(Conflict, NotFound):
            reserve_decision(decision_id, actor=by)
            return decision_id
    return None


def move_on(request: PageRequest, after: list[UUID], text: str) -> HttpResponse:
    """The next one, with the queue as it is now, in the answer to what was done with the last."""
    decision_id = take_first(after, actor(request))
    address = address_of(decision_id, filters_of(request.GET))
    if not request.htmx:
        return HttpResponseRedirect(address)
    told = {"text": text, "tone": "good"}
    return push_url(render(request, ANSWER, desk(request, decision_id) | told), address)


def address_of(decision_id: UUID | None, filters: Filters) -> str:
    page = reverse("review", args=[decision_id]) if decision_id else reverse("reviews")
    return page + filters.query


def open_first(request: PageRequest) -> HttpResponse:
    """What matters most. Where a desk was empty, and something came, the address says what lies open now."""
    filters = filters_of(request.GET)
    queue = queue_for(request.user.pk, filters)
    decision_id = first_of(queue)
    shown = show_desk(request, decision_id, queue)
    return replace_url(shown, address_of(decision_id, filters)) if request.htmx else shown
