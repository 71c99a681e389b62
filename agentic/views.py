"""The pages and answers that belong to no part: the home page, health, and errors outside REST framework's reach."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from agentic import VERSION, health, problems
from agentic.home import home_page
from agentic.refusals import note
from agentic.roles import roles_of

NAME = "Agentic Agent Platform"
KINDS = ["application/json", "text/html"]  # the first is for those who do not mind


@require_safe
@vary_on_headers("Accept")
def home(request: HttpRequest) -> HttpResponse:
    if request.get_preferred_type(KINDS) == "text/html":
        return first_page(request)
    about = {"name": NAME, "version": VERSION, "status": "running", "docs": "/api/docs"}
    return JsonResponse(about)


def first_page(request: HttpRequest) -> HttpResponse:
    """Whoever works here goes to work; others are told where they are."""
    if roles_of(request.user):
        answer = redirect("dashboard")
        add_never_cache_headers(answer)
        return answer
    return home_page(request, {"name": NAME, "version": VERSION})


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """The process answers. Nothing else is asked, so that a slow database restarts no server."""
    return JsonResponse({"status": "healthy"})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    status, findings = health.look_around()
    checks = {name: found.shown for name, found in findings.items()}
    # A proxy asks without: whoever is degraded still serves. A monitor asks with it.
    if status == "unavailable" or (status == "degraded" and "strict" in request.GET):
        return problems.respond(503, status, "Not ready to serve.", checks=checks)
    return JsonResponse({"status": status, "checks": checks})


def nowhere(request: HttpRequest, anywhere: str) -> HttpResponse:
    return not_found(request)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problems.bad_request(request) if is_api(request) else error_page(400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problems.forbidden(request) if is_api(request) else error_page(403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problems.not_found(request) if is_api(request) else error_page(404)


def server_error(request: HttpRequest) -> HttpResponse:
    return problems.server_error(request) if is_api(request) else error_page(500)


def is_api(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def form_expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the mark that we gave it: from another site, or from before somebody signed in or out."""
    note(request, "csrf", reason)
    answer = HttpResponse(render_to_string("errors/form.html"), status=403)
    # A page with scripts stays, and asks for its new mark.
    answer["HX-Reswap"], answer["HX-Trigger"] = "none", "signed-out"
    return answer


def error_page(status: int) -> HttpResponse:
    """Without the request: an error page asks no database who is looking at it."""
    return HttpResponse(render_to_string(f"errors/{status}.html"), status=status)
