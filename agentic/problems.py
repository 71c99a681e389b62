"""Errors as RFC 9457 problem+json, wherever they come from."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from agentic.errors import DomainError, NotAllowed, NotFound, Unavailable
from agentic.permissions import rule_of
from agentic.rates import TooFast, spend_unknown
from agentic.refusals import note

MEDIA_TYPE = "application/problem+json"
CODES = {
    400: "invalid",
    401: "not_authenticated",
    403: "not_allowed",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
    500: "server_error",
}
logger = logging.getLogger(__name__)


def body(status: int, code: str, detail: str, **members: Any) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        **members,
    }


def of_domain(error: DomainError) -> dict[str, Any]:
    return body(error.status, error.code, error.detail, **error.members)


def handle(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: a problem for every error that has an answer; others go on to Django."""
    set_rollback()
    error = slowed_down(error, context["request"])
    problem, headers = known(error), {}
    if problem is None:
        return None
    if problem["status"] == HTTPStatus.FORBIDDEN:
        note_refusal(context["request"], context["view"], problem["detail"])
    if problem["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if wait := getattr(error, "wait", None):  # of a throttled request, in seconds
        headers["Retry-After"] = str(int(wait))
    return Response(problem, status=problem["status"], headers=headers, content_type=MEDIA_TYPE)


def slowed_down(error: Exception, request: Request) -> Exception:
    """Who is told 401 again and again is told to wait instead; no good credential ever comes here."""
    problem = known(error)
    if problem is None or problem["status"] != HTTPStatus.UNAUTHORIZED:
        return error
    try:
        spend_unknown(request._request)
    except TooFast as too_fast:
        return too_fast
    return error


def note_refusal(request: Request, view: Any, detail: str) -> None:
    """By the rule of the view's method, or where there is none by those whom the view is for."""
    guards = (getattr(guard, "who", guard.__name__) for guard in view.permission_classes)
    note(request, rule_of(request, view) or ", ".join(guards), detail)


def known(error: Exception) -> dict[str, Any] | None:
    if isinstance(error, DomainError):
        return of_domain(error)
    if isinstance(error, exceptions.APIException):
        return body(error.status_code, CODES.get(error.status_code, "error"), str(error.detail))
    if isinstance(error, Http404):
        return of_domain(NotFound())
    if isinstance(error, PermissionDenied):
        return of_domain(NotAllowed())
    if isinstance(error, OperationalError | InterfaceError):
        logger.warning("the database does not answer: %s", error)
        return of_domain(Unavailable())
    return None


def respond(status: int, code: str, detail: str, **members: Any) -> HttpResponse:
    content = msgspec.json.encode(body(status, code, detail, **members))
    return HttpResponse(content, status=status, content_type=MEDIA_TYPE)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return respond(404, "not_found", "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    return respond(500, "server_error", "Something broke on our side. It has been logged.")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return respond(400, "invalid", "The request cannot be read.")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return respond(403, "not_allowed", "This is not allowed for you.")
