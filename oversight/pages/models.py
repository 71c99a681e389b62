"""Models: their versions beside each other, what was live when, and which one goes live."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone

from agentic.errors import Invalid
from agentic.roles import may
from mlregistry.models import RegisteredModel
from mlregistry.selectors import live_before, live_since
from mlregistry.services.activation import activate_model, roll_back_model
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
    }
    return show(request, "oversight/model.html", context, part="oversight/_model.html")


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
    row = activate_model(
        actor=actor(request), model_id=model_id, replaces=said["replaces"], reason=said["reason"]
    )
    return done(request, f"{row} is live now.", back=page_of(row))


@action("models.activate")
def model_roll_back(request: PageRequest, model_id: UUID) -> HttpResponse:
    said = filled(ReasonForm(request.POST))
    row = roll_back_model(actor=actor(request), model_id=model_id, reason=said["reason"])
    return done(request, f"{row} is live again.", back=page_of(row))


def page_of(row: RegisteredModel) -> str:
    return reverse("model", args=[row.name])
