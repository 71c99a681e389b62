"""Who is told that something waits: everybody chooses for themselves, admins for roles, and sees what came of it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect

from agentic.errors import Invalid
from agentic.roles import may
from oversight.doors import PageRequest, action, actor, page, show
from oversight.models import Kind, Topic
from oversight.notifications import targets
from oversight.selectors import notices

TOPICS = [(topic.value, topic.label) for topic in (Topic.ESCALATION, Topic.OVERDUE_REVIEW)]
OWN, MANAGE = "notifications.own", targets.MANAGE


class Choice(forms.Form):
    """What is told."""

    topics = forms.MultipleChoiceField(choices=TOPICS, required=False)


class NewWebhook(Choice):
    address = forms.CharField(max_length=1000)


class NewForRole(Choice):
    kind = forms.ChoiceField(choices=Kind.choices)
    role = forms.CharField(max_length=20)
    address = forms.CharField(max_length=1000, required=False)


@page(OWN)
def notifications(request: PageRequest) -> HttpResponse:
    return show(
        request,
        "oversight/notifications.html",
        context_of(request),
        part="oversight/_deliveries.html",
    )


@action(OWN)
def choose_own_email(request: PageRequest) -> HttpResponse:
    said = read(Choice, request)
    targets.choose_own_email(actor=actor(request), user=request.user, topics=said["topics"])
    return done(request, "Saved.")


@action(OWN)
def add_own_webhook(request: PageRequest) -> HttpResponse:
    added = targets.add_own_webhook(
        actor=actor(request), user=request.user, **read(NewWebhook, request)
    )
    return done(request, "The webhook is there.", secret=added.secret)


@action(MANAGE)
def add_for_role(request: PageRequest) -> HttpResponse:
    said = read(NewForRole, request)
    kind, said["user"] = said.pop("kind"), request.user
    if kind == Kind.EMAIL:
        targets.add_role_email(actor=actor(request), **said)
        return done(request, "The role is told by e-mail.")
    added = targets.add_role_webhook(actor=actor(request), **said)
    return done(request, "The webhook is there.", secret=added.secret)


@action(OWN)
def choose_topics(request: PageRequest, target_id: UUID) -> HttpResponse:
    said = read(Choice, request)
    targets.choose_topics(
        actor=actor(request), user=request.user, target_id=target_id, topics=said["topics"]
    )
    return done(request, "Saved.")


@action(OWN)
def send_test(request: PageRequest, target_id: UUID) -> HttpResponse:
    targets.send_test(user=request.user, target_id=target_id)
    return done(request, "A test is on its way: what comes of it stands under Deliveries.")


@action(OWN)
def remove_target(request: PageRequest, target_id: UUID) -> HttpResponse:
    targets.remove_target(actor=actor(request), user=request.user, target_id=target_id)
    return done(request, "Removed: nothing is sent there any more.")


def read(form: type[Choice], request: PageRequest) -> dict[str, Any]:
    """What was filled in; Invalid with the first fault of each field."""
    filled = form(request.POST)
    if not filled.is_valid():
        raise Invalid(**{name: str(texts[0]) for name, texts in filled.errors.items()})
    return filled.cleaned_data


def done(request: PageRequest, told: str, *, secret: str = "") -> HttpResponse:
    """The page as it is now. A secret is on it this once; without one a browser that reloads repeats nothing."""
    if not (request.htmx or secret):
        return redirect("notifications")
    context = {**context_of(request), "told": told, "secret": secret}
    return show(
        request, "oversight/notifications.html", context, part="oversight/_notifications.html"
    )


def context_of(request: PageRequest) -> dict[str, Any]:
    user, manages = request.user, may(request.user, MANAGE)
    of_everybody = manages and request.GET.get("of") == "everybody"
    return {
        "own_email": notices.own_email(user),
        "own_webhooks": notices.own_webhooks(user),
        "is_told": may(user, targets.TOLD),
        "has_email_server": bool(settings.EMAIL_URL),
        "topics": TOPICS,
        "manages": manages,
        "of_everybody": of_everybody,
        "role_targets": notices.role_targets() if manages else [],
        "roles": targets.told_roles(),
        "deliveries": notices.deliveries(user, of_everybody=of_everybody),
    }
