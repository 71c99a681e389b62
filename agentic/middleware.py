"""What every request carries: an id to find it by, and JSON errors under /api/."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from agentic.problems import known, respond
from agentic.tracing import correlation_of

logger = logging.getLogger(__name__)


class RequestMiddleware:
    """Gives the request a correlation id, the caller's own where it sent one, and answers with it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.correlation_id = correlation_of(request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response["X-Request-ID"] = request.correlation_id  # type: ignore[attr-defined]
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A problem instead of an HTML page, also where no API view was reached."""
        if not request.path.startswith("/api/"):
            return None
        if problem := known(error):
            return respond(problem["status"], problem["code"], problem["detail"])
        logger.error("unhandled error at %s", request.path, exc_info=error)
        return respond(500, "server_error", "Something broke on our side. It has been logged.")
