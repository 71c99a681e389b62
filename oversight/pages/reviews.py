"""The review desk: what waits, and one of it open."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from agentic.errors import Conflict, Invalid
from decisions.services.reservations import release_decision, reserve_decision
from oversight.desk import desk, open_first, queue_context, show_desk
from oversight.difference import difference
from oversight.doors import PageRequest, action, actor, in_words, page
from oversight.editing import edited
from oversight.said import id_said
from oversight.selectors.open_review import standing_of
from oversight.selectors.review_queue import filters_of


@page("reviews.view")
def reviews(request: PageRequest) -> HttpResponse:
    """Open is what matters most, of all that nobody else looks at."""
    return open_first(request)


@page("reviews.view")
def review(request: PageRequest, decision_id: UUID) -> HttpResponse:
    return show_desk(request, decision_id)


@page("reviews.view")
def review_queue(request: PageRequest) -> HttpResponse:
    """The part that keeps itself fresh."""
    filters = filters_of(request.GET)
    if not request.htmx:
        return HttpResponseRedirect(reverse("reviews") + filters.query)
    context = queue_context(request, filters, id_said(request.GET, "open"))
    return render(request, "oversight/_desk_waiting.html", context)


@page("reviews.view")
def review_standing(request: PageRequest, decision_id: UUID) -> HttpResponse:
    """Who looks at it, or who has decided it: beside what somebody types, and never in its way."""
    if not request.htmx:
        return HttpResponseRedirect(reverse("review", args=[decision_id]))
    return show_standing(request, decision_id)


@action("reviews.decide")
def reserve_review(request: PageRequest, decision_id: UUID) -> HttpResponse:
    with suppress(Conflict):  # what is shown says who was faster
        reserve_decision(decision_id, actor=actor(request))
    return show_standing(request, decision_id)


@action("reviews.decide")
def release_review(request: PageRequest, decision_id: UUID) -> HttpResponse:
    """Put back; the desk is left with nothing open."""
    release_decision(decision_id, actor=actor(request))
    if not request.htmx:
        return HttpResponseRedirect(reverse("reviews"))
    context = {**desk(request, None), "put_back": True}
    return render(request, "oversight/_desk_answer.html", context)


@action("reviews.decide")
def review_difference(request: PageRequest, decision_id: UUID) -> HttpResponse:
    """What would be changed, while it is being typed."""
    old = standing_of(decision_id, request.user).decision.proposal
    try:
        found: dict[str, Any] = {"difference": difference(old, edited(request.POST, old))}
    except Invalid as error:
        found = {"wrong": in_words(error)}
    return render(request, "oversight/_desk_difference.html", found)


def show_standing(request: PageRequest, decision_id: UUID) -> HttpResponse:
    standing = standing_of(decision_id, request.user)
    context = {"standing": standing, "decision": standing.decision}
    return render(request, "oversight/_desk_standing.html", context)
