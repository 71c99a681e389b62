"""Bodies over 1 MB are refused before they are read, at every address but one, and under both kinds of server.

The one takes the files of models, up to MODEL_MOST_BYTES, from callers with a token of ours that has not ended.

Under WSGI nothing of a body is read before somebody asks for it. Under ASGI Django reads all of it first: there
`BoundedBody` gives it nothing of a body that says it is too long, and of one that does not say, one byte more than
is allowed. In both, `RefuseLargeBodies` is who refuses.
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from agentic import problems
from agentic.errors import NotAuthenticated
from agentic.longpoll import Application, Message, Receive, Send
from agentic.tokens import claims_of

TOO_LARGE = "The body is over 1 MB."
FILES = re.compile(r"/api/v1/admin/models/[^/]+/artifact")
WsgiApplication = Callable[[dict[str, Any], Any], Iterable[bytes]]


def largest() -> int:
    bound: int = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return bound


def bound_of(method: str | None, path: str, authorization: str) -> int:
    """How long a body may be whose length is stated."""
    if method == "PUT" and FILES.fullmatch(path) and has_token(authorization):
        files: int = settings.MODEL_MOST_BYTES
        return max(files, largest())
    return largest()


def has_token(authorization: str) -> bool:
    """By the token alone: nothing is looked up before the body is read. What it is good for is asked after that."""
    kind, _, token = authorization.strip().partition(" ")
    try:
        return kind.lower() == "bearer" and bool(claims_of(token.strip()))
    except NotAuthenticated:
        return False


class RefuseLargeBodies:
    """Stands before whatever may read a body: forms and their CSRF tokens, and the API."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return refusal(request) if is_too_large(request) else self.get_response(request)


def is_too_large(request: HttpRequest) -> bool:
    said = request.META.get("CONTENT_LENGTH") or ""
    if said.isdigit():
        authorization = request.META.get("HTTP_AUTHORIZATION", "")
        return int(said) > bound_of(request.method, request.path, authorization)
    try:
        # It came in chunks, no more of them than `BoundedBody` lets through.
        return "HTTP_TRANSFER_ENCODING" in request.META and len(request.body) > largest()
    except RequestDataTooBig:
        return True


def refusal(request: HttpRequest) -> HttpResponse:
    if FILES.fullmatch(request.path):
        text = f"The file is over {settings.MODEL_MOST_BYTES:,} bytes, or nobody has signed in."
        return problems.respond(413, "too_large", text)
    if request.path.startswith("/api/"):
        return problems.respond(413, "too_large", TOO_LARGE)
    return HttpResponse(render_to_string("errors/413.html"), status=413)


class BoundedBody:
    """ASGI: as much of a body as may be read, and not a byte of one that is too long by its own word."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers, said = dict(scope["headers"]), declared(scope)
        authorization = headers.get(b"authorization", b"").decode("latin-1")
        bound = bound_of(scope["method"], scope["path"], authorization)
        # Of a body that does not say how long it is, no more is read anywhere.
        body = Bounded(receive, bound if said else largest(), is_over=said > bound)
        await self.app(scope, body.receive, body.closing(send))


def declared(scope: MutableMapping[str, Any]) -> int:
    said: bytes = dict(scope["headers"]).get(b"content-length", b"")
    return int(said) if said.isdigit() else 0


class Bounded:
    """The messages of one request. Once it is over the limit, nothing more is asked of the client."""

    def __init__(self, receive: Receive, limit: int, *, is_over: bool) -> None:
        self.ask, self.limit, self.is_over = receive, limit, is_over
        self.is_told, self.size = False, 0

    async def receive(self) -> Message:
        if self.is_told:
            await (
                asyncio.Event().wait()
            )  # whoever waits for a disconnect is called off with the answer
        if self.is_over:
            self.is_told = True
            return {"type": "http.request", "body": b"", "more_body": False}
        return self.bounded(await self.ask())

    def bounded(self, message: Message) -> Message:
        left = self.limit + 1 - self.size
        body: bytes = message.get("body", b"")
        self.size += len(body)
        if len(body) < left:
            return message
        self.is_over = self.is_told = True
        return {**message, "body": body[:left], "more_body": False}

    def closing(self, send: Send) -> Send:
        """What was not read would be taken for the next request: the connection ends with the answer."""

        async def send_and_close(message: Message) -> None:
            if self.is_over and message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"connection", b"close")]
            await send(message)

        return send_and_close


def bounded_chunks(app: WsgiApplication) -> WsgiApplication:
    """WSGI: Django reads only bodies whose length is stated, so the length of one that came in chunks is found out."""

    def counted(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ and environ.get("wsgi.input_terminated"):
            body = environ["wsgi.input"].read(largest() + 1)
            environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
        return app(environ, start_response)

    return counted
