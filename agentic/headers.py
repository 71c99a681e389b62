"""Headers that every answer carries, whoever gave it: a view, the static files, or an error on the way."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

# What is set already stays: static files may be kept, and the documents of the API have a policy of their own.
EVERYWHERE = {
    # An answer is for whoever asked, at this moment: no proxy and no disk keeps it.
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Django's own middleware says these too, unless it stumbled itself, over a foreign host say.
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class HeadersMiddleware:
    """Outermost of all, so that no answer goes past it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in EVERYWHERE.items():
            response.setdefault(name, value)
        return response
