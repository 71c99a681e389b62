"""One version of a model: what it tells of itself, its file, its gate, and when it was live."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from agentic.errors import NotFound
from agentic.roles import may
from mlregistry.artifact_views import handed_out
from mlregistry.cards import card_of, figures_of
from mlregistry.gates import held_against, is_deciding
from mlregistry.models import ActivationRequest, RegisteredModel
from mlregistry.selectors import live_version
from mlregistry.services.activation_requests import approve_activation, refuse_activation
from oversight.agent_forms import ReasonForm
from oversight.card_charts import marks, strokes, toned, weights
from oversight.doing import done, filled
from oversight.doors import PageRequest, action, actor, page, show
from oversight.selectors.models import file_state, times_of, waiting_of, whole_version


@page("models.view")
def model_version(request: PageRequest, model_id: UUID) -> HttpResponse:
    model = whole_version(model_id)
    live, card = live_version(model.name), card_of(model.card)
    context = {
        "model": model,
        "name": model.name,
        "version": model,
        "live": live and {"model": live},
        "card": card,
        "figures": figures_of(model.metrics),
        "marks": marks(card.reliability),
        "strokes": strokes(card.curve) if card.curve else [],
        "weights": weights(card.features),
        "confusion": toned(card.confusion) if card.confusion else [],
        "file": file_state(model),
        "is_deciding": is_deciding(model.name),
        "gate": gate_of(model, live),
        "times": times_of(model),
        "waiting": waiting_of(model.name),
        "may_activate": may(request.user, "models.activate"),
    }
    part = "oversight/_model_card.html"
    return show(request, "oversight/model_version.html", context, part=part)


def gate_of(model: RegisteredModel, live: RegisteredModel | None) -> list[object]:
    """Only where decisions rest on it, and before it is live."""
    if model.is_active or not is_deciding(model.name):
        return []
    return [*held_against(model, live)]


@page("models.view")
def model_artifact(request: PageRequest, model_id: UUID) -> HttpResponse:
    model = whole_version(model_id)
    if not model.sha256:
        raise NotFound("This version has no file.")
    return cast(HttpResponse, handed_out(request, model))


@action("models.activate")
def activation_approve(request: PageRequest, request_id: UUID) -> HttpResponse:
    said = filled(ReasonForm(request.POST))
    row = approve_activation(actor=actor(request), request_id=request_id, reason=said["reason"])
    return done(request, f"{row} is live now.", back=reverse("model", args=[row.name]))


@action("models.activate")
def activation_refuse(request: PageRequest, request_id: UUID) -> HttpResponse:
    said = filled(ReasonForm(request.POST))
    row: ActivationRequest = refuse_activation(
        actor=actor(request), request_id=request_id, reason=said["reason"]
    )
    return done(request, f"{row.model} does not go live.", back=reverse("model", args=[row.name]))
