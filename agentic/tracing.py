"""What ties a request to its caller's: a correlation id and a trace context."""

from __future__ import annotations

import re

from django.http import HttpRequest

from agentic.ids import new_id

CORRELATION = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
TRACEPARENT = re.compile(r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")


def correlation_of(request: HttpRequest) -> str:
    given = request.headers.get("X-Request-ID", "")
    return given if CORRELATION.match(given) else str(new_id())


def traceparent_of(request: HttpRequest) -> str:
    """The caller's trace context (W3C), or nothing."""
    given = request.headers.get("traceparent", "")
    return given if TRACEPARENT.match(given) else ""
