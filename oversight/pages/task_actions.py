"""What a person does with a task: from its own page, from the escalations, or from a review."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django_htmx.http import reswap, retarget, trigger_client_event

from agentic.errors import Conflict, DomainError, IllegalMove, NotAllowed, NotFound
from agentic.roles import may
from agentic.vocabulary import EventType
from decisions.permitted import ACTIONS, Action, guard
from oversight.doors import PageRequest, action, actor, in_words, toast
from oversight.frames import GUARDED
from oversight.pages.task import Failed, task_page
from oversight.selectors.story import last_move
from oversight.selectors.task import get_task
from oversight.task_forms import DEEDS, filled_in


def door_of(asked: Action) -> Any:
    @action(asked.rule)
    def act(request: PageRequest, task_id: UUID) -> HttpResponse:
        try:
            told = carry_out(request, task_id, asked)
        except (NotAllowed, NotFound):
            raise
        except IllegalMove as error:
            return not_done(request, task_id, asked, overtaken(request, task_id, error))
        except DomainError as error:
            return not_done(request, task_id, asked, error)
        return done(request, task_id, asked, told)

    return act


def overtaken(request: PageRequest, task_id: UUID, error: IllegalMove) -> Conflict:
    """The same, with who was faster: the state was another one when the form was shown."""
    last = last_move(task_id)
    hidden = last.event_type in GUARDED and not may(request.user, "escalations.view")
    if hidden or last.user_id == request.user.pk:
        return error
    said = f"{last.actor_label} was faster. {EventType(last.event_type).label}"
    return Conflict(error.members["state"], error.members["legal"], said)


def not_done(
    request: PageRequest, task_id: UUID, asked: Action, error: DomainError
) -> HttpResponse:
    """To a script the error goes as it is, and the form stays; without one the page has what was typed."""
    if request.htmx:
        raise error
    failed = Failed(asked, in_words(error), request.POST)
    return task_page(request, task_id, failed=failed, status=error.status)


def carry_out(request: PageRequest, task_id: UUID, asked: Action) -> str:
    who = actor(request)
    guard(asked, request.user, get_task(task_id), actor=who)
    deed = DEEDS[asked.name]
    return deed.do(task_id, who, **filled_in(deed.form(request.POST)))


def done(request: PageRequest, task_id: UUID, asked: Action, told: str) -> HttpResponse:
    """A word in the corner; the page fetches what has changed. Without a script, the page that it was done on."""
    if not request.htmx:
        listed = request.POST.get("back") == "escalations"
        return HttpResponseRedirect(
            reverse("escalations") if listed else reverse("task", args=[task_id])
        )
    if asked.name == "comment":
        return render(request, "oversight/_comments.html", {"task": get_task(task_id)})
    answer = reswap(retarget(toast(request, told), "#toasts"), "beforeend")
    return trigger_client_event(answer, "done")


routes: list[URLPattern] = [
    path(f"tasks/<uuid:task_id>/{name}", door_of(one), name=f"task_{name}")
    for name, one in ACTIONS.items()
]
