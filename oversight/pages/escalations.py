"""What agents could not settle by themselves: who has seen it, who takes care of it, and how it ended."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from agentic.admin_lists import id_in
from agentic.errors import Invalid
from agentic.roles import may, people_who_may
from decisions.models import Escalation
from decisions.permitted import ACTIONS, is_allowed
from decisions.services.escalations import HANDLE
from oversight.doors import PageRequest, actor, page, show
from oversight.pages.task import MOST_CHOICES
from oversight.selectors.escalations import MOST_OPEN, open_escalations, resolved_escalations

# What is done about it without a word. What ends it wants reasons: those forms stand on the page of its task.
AT_ONCE = ("acknowledge", "take")


@page("escalations.view")
def escalations(request: PageRequest) -> HttpResponse:
    """The page; to htmx the open ones, or with `after` the older ones of those that are resolved."""
    after = place(request.GET.get("after", ""))
    if after and request.htmx:
        context: dict[str, Any] = {"resolved": resolved_escalations(after)}
        return render(request, "oversight/_escalations_resolved.html", context)
    context = {**opened(request), "is_first": after is None}
    if not request.htmx or request.htmx.history_restore_request:
        context["resolved"] = resolved_escalations(after)
    return show(request, "oversight/escalations.html", context, part="oversight/_escalations.html")


def place(text: str) -> UUID | None:
    found = id_in(text)
    if text and found is None:
        raise Invalid(after="not a place in this list")
    return found


def opened(request: PageRequest) -> dict[str, Any]:
    found = open_escalations()
    handles = may(request.user, HANDLE)
    return {
        "opened": [(one, at_once(request, one)) for one in found[:MOST_OPEN]],
        "more": len(found) > MOST_OPEN,
        "handlers": list(people_who_may(HANDLE)[:MOST_CHOICES]) if handles else [],
    }


def at_once(request: PageRequest, one: Escalation) -> set[str]:
    who = actor(request)
    return {name for name in AT_ONCE if is_allowed(ACTIONS[name], request.user, one.task, who)}
