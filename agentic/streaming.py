"""Long answers that are sent as they are made: a part at a time is in memory, whichever kind of server asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

LINES = 1_000  # of one part


def streamed(request: HttpRequest, lines: Iterable[str], **about: Any) -> HttpResponseBase:
    """The lines as they come. To HEAD the headers alone: nothing is read for it."""
    if request.method == "HEAD":
        return HttpResponse(**about)
    parts = in_parts(iter(lines))
    # Under ASGI Django would first gather all that a plain iterator has, under WSGI all that an async one has.
    content = step_by_step(parts) if isinstance(request, ASGIRequest) else parts
    return StreamingHttpResponse(content, **about)


def in_parts(lines: Iterator[str]) -> Iterator[str]:
    while part := "".join(islice(lines, LINES)):
        yield part


async def step_by_step(parts: Iterator[str]) -> AsyncIterator[str]:
    """Each part is made in the request's own thread, where its database connection is."""
    step = sync_to_async(partial(next, parts, ""))
    while part := await step():
        yield part
