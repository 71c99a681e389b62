"""The doors of the pages: who comes in, how a page or a part of it is shown, and how a refusal looks."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods
from django_htmx.http import reswap, retarget, trigger_client_event
from django_htmx.middleware import HtmxDetails

from agentic.acting import actor_of
from agentic.actors import Actor, Source
from agentic.errors import (
    Conflict,
    DomainError,
    NotAllowed,
    NotAuthenticated,
    NotFound,
    TooMany,
    Unavailable,
)
from agentic.models import User
from agentic.positions import settled
from agentic.rates import spend_person
from agentic.refusals import note
from agentic.roles import may
from oversight.shell import shell


class PageRequest(HttpRequest):
    """A request past a door: somebody is signed in."""

    user: User
    htmx: HtmxDetails
    # What the page shows is at least as new as this: its socket goes on from here.
    position: int


P = ParamSpec("P")
View = Callable[Concatenate[PageRequest, P], HttpResponse]
Door = Callable[Concatenate[Any, P], HttpResponse]


def page(rule: str) -> Callable[[View[P]], Door[P]]:
    """A page for those whom the rule lets in; who has not signed in does so first, and comes back."""
    return door(rule, "GET", "HEAD")


def action(rule: str) -> Callable[[View[P]], Door[P]]:
    """Something that is done on a page."""
    return door(rule, "POST")


def door(rule: str, *methods: str) -> Callable[[View[P]], Door[P]]:
    def guarded(view: View[P]) -> Door[P]:
        # Against BREACH each answer is padded at random, and its CSRF mark masked anew.
        @gzip_page
        @require_http_methods([*methods])
        @wraps(view)
        def opened(request: Any, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if not request.user.is_authenticated:
                return to_sign_in(request)
            try:
                if not may(request.user, rule):
                    raise NotAllowed
                # Apart from the API's: pages that keep themselves fresh starve no program of the same person.
                spend_person(request.user, f"page-{request.method}")
                request.position = settled()
                return view(request, *args, **kwargs)
            except DomainError as error:
                return refused(request, error, rule)
            except (OperationalError, InterfaceError):
                return refused(request, Unavailable(), rule)

        opened.door = f"{methods[0]} {rule}"  # type: ignore[attr-defined] # the tests' matrix reads it
        return cast(Door[P], opened)

    return guarded


def actor(request: PageRequest) -> Actor:
    return actor_of(request, Source.WEB)


def show(
    request: PageRequest, template: str, context: dict[str, Any], *, part: str = ""
) -> HttpResponse:
    """The page; for htmx, which has the frame already, only its part, where it has one."""
    if part and request.htmx and not request.htmx.history_restore_request:
        return render(request, part, context)
    return render(request, template, {**shell(request, request.position), **context})


def to_sign_in(request: PageRequest) -> HttpResponse:
    """A page is asked for again after that. One that is open stays as it is, with all that was typed on it."""
    if request.htmx:
        answer = HttpResponse(status=NotAuthenticated.status)
        return trigger_client_event(reswap(answer, "none"), "signed-out")
    address = f"{reverse('sign_in')}?{urlencode({'next': wanted_page(request)})}"
    return HttpResponseRedirect(address)


def wanted_page(request: PageRequest) -> str:
    """What was asked for; after an action, the page that its form stood on."""
    if request.method in {"GET", "HEAD"}:
        return request.get_full_path()
    came_from = request.headers.get("Referer", "")
    ours = f"{request.scheme}://{request.get_host()}/"
    return f"/{came_from.removeprefix(ours)}" if came_from.startswith(ours) else "/"


def refused(request: PageRequest, error: DomainError, rule: str) -> HttpResponse:
    """To htmx a toast beside what was typed; to a browser the page for it."""
    if isinstance(error, NotAllowed):
        note(request, rule, error.detail)
    answer = refusal(request, error)
    if isinstance(error, TooMany):
        answer["Retry-After"] = str(int(error.wait))
    return answer


def refusal(request: PageRequest, error: DomainError) -> HttpResponse:
    if request.htmx:
        told = toast(request, in_words(error), "bad", status=error.status)
        return reswap(retarget(told, "#toasts"), "beforeend")
    if isinstance(error, NotFound):
        raise Http404
    if isinstance(error, NotAllowed):
        raise PermissionDenied
    about = {"text": in_words(error)}
    return render(request, "oversight/refused.html", about, status=error.status)


def toast(
    request: HttpRequest, text: str, tone: str = "good", *, status: int = 200
) -> HttpResponse:
    context = {"text": text, "tone": tone}
    return render(request, "oversight/_toast.html", context, status=status)


def in_words(error: DomainError) -> str:
    """What a person must know of it: the fields that were wrong, or the state that forbids it."""
    fields: dict[str, list[str]] = error.members.get("errors", {})
    if fields:
        return "; ".join(f"{name}: {text}" for name, texts in fields.items() for text in texts)
    if not isinstance(error, Conflict):
        return str(error)
    # The state alone is a name of ours: what people and tasks are called is left as it is.
    return f"{error} It is {error.members['state'].replace('_', ' ')} now."
