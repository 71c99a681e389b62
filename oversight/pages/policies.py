"""The review policy: its versions, drafts of it with what they would do, and who publishes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from agentic.errors import Invalid
from agentic.roles import may
from decisions.models import PolicyDraft, ReviewPolicy
from decisions.permitted_drafts import allowed_actions, guard
from decisions.ready import situation, unready
from decisions.selectors import list_policies
from decisions.services.drafts import (
    close_draft,
    draft_policy,
    edit_draft,
    publish_draft,
    read_draft,
    simulate_draft,
    told,
)
from decisions.services.policies import activate_policy, rules_of
from oversight import simulation_chart
from oversight.doing import done
from oversight.doors import PageRequest, action, actor, page, show
from oversight.outcome_words import outcomes
from oversight.policy_forms import PolicyForm, active_rules, begun_with, next_rules
from oversight.policy_words import changes, sentences
from oversight.risk_words import misfit
from oversight.selectors import policies as selectors
from oversight.selectors.policies import took_effect

PAGE = 25
NEWEST = 10**9
Context = dict[str, Any]


@page("policies.view")
def policies(request: PageRequest) -> HttpResponse:
    context = {
        **ruling(),
        **versions(request),
        **drafts(request),
        "may_draft": may(request.user, "policies.draft"),
        "may_activate": may(request.user, "policies.manage"),
    }
    return show(request, "oversight/policies.html", context, part="oversight/_policies.html")


def ruling() -> Context:
    """The active version, and whether it fits the model whose risks it goes by."""
    found = ReviewPolicy.objects.select_related("created_by", "approved_by")
    active = found.filter(is_active=True).first()
    if active is None:
        return {"active": None}
    return {
        "active": active,
        "active_since": took_effect([active])[active.pk],
        "sentences": list(sentences(rules_of(active))),
        "misfit": misfit(active),
    }


def versions(request: PageRequest) -> Context:
    before = number_asked(request, "before", NEWEST)
    found = list_policies(limit=PAGE + 1, before=before)
    shown, began = found[:PAGE], took_effect(found[:PAGE])
    return {
        "versions": [(version, began[version.pk]) for version in shown],
        "next": shown[-1].version if len(found) > PAGE else None,
        "is_first": before == NEWEST,
    }


def drafts(request: PageRequest) -> Context:
    number = number_asked(request, "drafts", 1)
    found = selectors.drafts(number)
    return {
        "drafts": found[: selectors.PAGE],
        "next_drafts": number + 1 if len(found) > selectors.PAGE else None,
        "are_first_drafts": number == 1,
    }


def number_asked(request: PageRequest, name: str, otherwise: int) -> int:
    text = request.GET.get(name, str(otherwise))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(NEWEST))) or not int(text):
        raise Invalid(**{name: "no page of this list"})
    return int(text)


@action("policies.manage")
def policy_activate(request: PageRequest, version: int) -> HttpResponse:
    policy = activate_policy(actor=actor(request), version=version)
    text = f"Version {policy.version} is active now."
    return done(request, text, back=reverse("policies"))


@page("policies.draft")
def policy_new(request: PageRequest) -> HttpResponse:
    return editor(request, PolicyForm(initial=begun_with(next_rules())))


@action("policies.draft")
def policy_draft_write(request: PageRequest) -> HttpResponse:
    form = PolicyForm(request.POST)
    if not form.is_valid():
        return editor(request, form)
    return to_draft(draft_policy(actor=actor(request), rules=form.rules).pk)


@page("policies.draft")
def policy_draft_edit(request: PageRequest, draft_id: UUID) -> HttpResponse:
    draft = read_draft(draft_id)
    guard("change", request.user, draft, actor=actor(request))
    return editor(request, PolicyForm(initial=begun_with(told(draft))), draft)


@action("policies.draft")
def policy_draft_change(request: PageRequest, draft_id: UUID) -> HttpResponse:
    draft, form = read_draft(draft_id), PolicyForm(request.POST)
    guard("change", request.user, draft, actor=actor(request))
    if not form.is_valid():
        return editor(request, form, draft)
    return to_draft(edit_draft(actor=actor(request), draft_id=draft_id, rules=form.rules).pk)


def editor(
    request: PageRequest, form: PolicyForm, draft: PolicyDraft | None = None
) -> HttpResponse:
    """With what was typed, and what is wrong with it."""
    answer = show(request, "oversight/policy_editor.html", {"form": form, "draft": draft})
    answer.status_code = 400 if form.errors else 200
    return answer


def to_draft(draft_id: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("policy_draft", args=[draft_id]))


@page("policies.view")
def policy_draft(request: PageRequest, draft_id: UUID) -> HttpResponse:
    draft = read_draft(draft_id)
    context = about(request, draft)
    part = "oversight/_policy_draft.html"
    return show(request, "oversight/policy_draft.html", context, part=part)


def about(request: PageRequest, draft: PolicyDraft) -> Context:
    rules, simulation = told(draft), draft.simulation
    if simulation and rules["risk_threshold"] is None:
        rules["risk_threshold"] = simulation["risk_threshold"]
    return {
        "draft": draft,
        "sentences": list(sentences(rules)),
        "changes": changes(active_rules(), rules),
        "simulation": simulation,
        "outcomes": outcomes(simulation) if simulation else [],
        "diagram": simulation_chart.draw(simulation, rules) if simulation else None,
        "allowed": allowed_actions(request.user, draft, actor=actor(request)),
        "unready": unready(draft, situation()),
        "needs_another": settings.POLICY_TWO_PEOPLE and draft.created_by_id == request.user.pk,
    }


@action("policies.draft")
def policy_draft_simulate(request: PageRequest, draft_id: UUID) -> HttpResponse:
    guard("simulate", request.user, read_draft(draft_id), actor=actor(request))
    draft = simulate_draft(actor=actor(request), draft_id=draft_id)
    number = (draft.simulation or {})["decisions"]
    return done(request, f"Tried on {number:,} past decisions.", back=page_of(draft_id))


@action("policies.manage")
def policy_draft_publish(request: PageRequest, draft_id: UUID) -> HttpResponse:
    guard("publish", request.user, read_draft(draft_id), actor=actor(request))
    policy = publish_draft(actor=actor(request), draft_id=draft_id, seen=seen_at(request))
    text = f"Version {policy.version} is active now."
    return done(request, text, back=page_of(draft_id))


def seen_at(request: PageRequest) -> datetime:
    """When the simulation was made that the page showed."""
    try:
        return datetime.fromisoformat(request.POST.get("seen", ""))
    except ValueError as error:
        raise Invalid(seen="the page did not say which simulation it showed: look again") from error


@action("policies.draft")
def policy_draft_close(request: PageRequest, draft_id: UUID) -> HttpResponse:
    guard("close", request.user, read_draft(draft_id), actor=actor(request))
    close_draft(actor=actor(request), draft_id=draft_id)
    return done(request, "It is put aside.", back=page_of(draft_id))


def page_of(draft_id: UUID) -> str:
    return reverse("policy_draft", args=[draft_id])


ACTS = {
    "change": policy_draft_change,
    "simulate": policy_draft_simulate,
    "publish": policy_draft_publish,
    "close": policy_draft_close,
}
