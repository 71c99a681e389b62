"""The explorer of events: all that happened, by whatever is asked for, with what happens now on top."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django_htmx.http import push_url, reswap, retarget

from agentic.roles import may
from oversight.doors import PageRequest, page, show
from oversight.frames import GUARDED
from oversight.log_forms import EventFilters
from oversight.selectors.events import PAGE, Wanted, beside, look, newer, read_event

# A page that has got so many rows since it was opened begins anew with the newest.
MOST_GROWN = 300
LIST = "oversight/_event_log.html"
ASKED = [field.name for field in fields(Wanted) if field.name != "hidden"]


@page("events.view")
def event_log(request: PageRequest) -> HttpResponse:
    hidden = hidden_from(request)
    form = EventFilters(request.GET, hidden=hidden)
    if not form.is_valid():
        return show(request, "oversight/events.html", {"form": form}, part=LIST)
    asked = form.cleaned_data
    wanted = Wanted(**{name: asked[name] for name in ASKED}, hidden=hidden)
    if asked["newer"] is not None and request.htmx:
        return news(request, form, wanted)
    return listed(request, form, wanted)


def hidden_from(request: PageRequest) -> Collection[str]:
    return () if may(request.user, "escalations.view") else GUARDED


def listed(request: PageRequest, form: EventFilters, wanted: Wanted) -> HttpResponse:
    before, older = form.cleaned_data["before"], request.htmx.target == "older"
    upto = request.position if before is None else min(before, request.position)
    context = {
        "form": form,
        "found": look(wanted, upto=upto),
        "position": request.position,
        "is_newest": before is None,
        "is_live": before is None and not (wanted.until or form.cleaned_data["tail"]),
    }
    part = "oversight/_event_log_rows.html" if older else LIST
    answer = show(request, "oversight/events.html", context, part=part)
    return answer if older or not request.htmx else push_url(answer, form.address("event_log"))


def news(request: PageRequest, form: EventFilters, wanted: Wanted) -> HttpResponse:
    """What has come since the page looked last, to go on top; the list anew, when that is a lot."""
    asked = form.cleaned_data
    rows = newer(wanted, after=asked["newer"], upto=request.position)
    grown = (asked["grown"] or 0) + len(rows)
    if len(rows) > PAGE or grown > MOST_GROWN:
        return retarget(reswap(listed(request, form, wanted), "outerHTML"), "#log")
    context: dict[str, Any] = {"rows": rows, "position": request.position, "grown": grown}
    return render(request, "oversight/_event_log_news.html", context)


@page("events.view")
def event(request: PageRequest, position: int) -> HttpResponse:
    hidden = hidden_from(request)
    found = read_event(position, hidden)
    earlier, later = beside(found, hidden)
    context = {"event": found, "earlier": earlier, "later": later}
    return show(request, "oversight/event.html", context, part="oversight/_event_detail.html")
