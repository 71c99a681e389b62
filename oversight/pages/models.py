"""Models: their versions beside each other, what was live when, and which one goes live."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from agentic.errors import Invalid
from agentic.roles import may
from mlregistry.gates import is_deciding
from mlregistry.models import RegisteredModel
from mlregistry.selectors import live_at, live_before, live_since, read_model
from mlregistry.services.activation import retire_model, roll_back_model
from mlregistry.services.activation_requests import let_go_live
from oversight.agent_forms import ReasonForm
from oversight.doing import done, filled
from oversight.doors import PageRequest, action, actor, page, show
from oversight.live_times import strip
from oversight.selectors.models import (
    MOST_COMPARED,
    PAGE,
    activations,
    chosen,
    compared,
    shelves,
    versions,
    waiting,
    waiting_of,
)


class ActivateForm(ReasonForm):
    """`replaces` is the version that the page showed as live; empty, where none was."""

    replaces = forms.UUIDField(required=False)


@page("models.view")
def models(request: PageRequest) -> HttpResponse:
    after = text_asked(request, "after")
    found = shelves(after)
    context = {
        "shelves": found[:PAGE],
        "next": found[PAGE - 1].name if len(found) > PAGE else "",
        "is_first": not after,
        "requests": waiting(),
        "may_activate": may(request.user, "models.activate"),
        **then(request, ""),
    }
    return show(request, "oversight/models.html", context, part="oversight/_models.html")


@page("models.view")
def model(request: PageRequest, name: str) -> HttpResponse:
    before, live = id_asked(request, "before"), live_since(name)
    newest = versions(name, None)
    found, times = versions(name, before) if before else newest, activations(name)
    beside = chosen(name, versions_asked(request), live, newest)
    context = {
        "name": name,
        "versions": found[:PAGE],
        "next": found[PAGE - 1].pk if len(found) > PAGE else None,
        "is_first": before is None,
        "live": live,
        "earlier": live and live_before(live),
        "beside": beside,
        "metrics": compared(beside),
        "most_compared": MOST_COMPARED,
        "activations": times,
        "strip": strip(times, timezone.now()),
        "may_activate": may(request.user, "models.activate"),
        "is_deciding": is_deciding(name),
        "waiting": waiting_of(name),
        **then(request, name),
    }
    return show(request, "oversight/model.html", context, part="oversight/_model.html")


def then(request: PageRequest, name: str) -> dict[str, Any]:
    """What was live at the moment that was asked for, of one model or of all."""
    at = moment_asked(request)
    rows = live_at(at, name=name, limit=PAGE) if at else []
    return {"at": at, "at_typed": f"{at:%Y-%m-%dT%H:%M}" if at else "", "then": rows}


def moment_asked(request: PageRequest) -> datetime | None:
    """In UTC, as a field for a date and a time sends it."""
    text = request.GET.get("at", "")
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    except ValueError as error:
        raise Invalid(at="a date and a time such as 2026-11-22T08:00") from error


def versions_asked(request: PageRequest) -> list[str]:
    wanted = request.GET.getlist("v")
    if any("\x00" in version for version in wanted):
        raise Invalid(v="no version of a model")
    return wanted


def text_asked(request: PageRequest, name: str) -> str:
    text = request.GET.get(name, "")
    if "\x00" in text:
        raise Invalid(**{name: "no name of a model"})
    return text


def id_asked(request: PageRequest, name: str) -> UUID | None:
    text = request.GET.get(name, "")
    try:
        return UUID(text) if text else None
    except ValueError as error:
        raise Invalid(**{name: "not an id"}) from error


@action("models.activate")
def model_activate(request: PageRequest, model_id: UUID) -> HttpResponse:
    said = filled(ActivateForm(request.POST))
    asked = {"replaces": said["replaces"], "reason": said["reason"]}
    waits = let_go_live(actor=actor(request), model_id=model_id, **asked)
    row = read_model(model_id)
    text = f"{row} waits for a second person." if waits else f"{row} is live now."
    return done(request, text, back=page_of(row))


@action("models.activate")
def model_roll_back(request: PageRequest, model_id: UUID) -> HttpResponse:
    said = filled(ReasonForm(request.POST))
    row = roll_back_model(actor=actor(request), model_id=model_id, reason=said["reason"])
    return done(request, f"{row} is live again.", back=page_of(row))


@action("models.activate")
def model_retire(request: PageRequest, model_id: UUID) -> HttpResponse:
    said = filled(ReasonForm(request.POST))
    row = retire_model(actor=actor(request), model_id=model_id, reason=said["reason"])
    return done(request, f"{row} is out of service.", back=page_of(row))


def page_of(row: RegisteredModel) -> str:
    return reverse("model", args=[row.name])
