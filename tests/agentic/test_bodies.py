"""Bodies over 1 MB are refused before they are read."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from itertools import repeat
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from agentic.asgi import application
from agentic.bodies import bounded_chunks
from agentic.wsgi import django

# No test here reads a row: the end of a request looks whether the connection is still good.
pytestmark = pytest.mark.django_db(transaction=True)
LIMIT = 1_000_000
PATHS = ["/api/v1/auth/token", "/api/v1/worker/claim", "/admin/login/", "/", "/nothing"]
HUGE = [(b"content-length", b"100000000")]
CHUNKED = [(b"transfer-encoding", b"chunked")]


class Call:
    """One request, as an ASGI server makes it. `chunks` without an end is a client that stops in the middle."""

    method = "POST"

    def __init__(
        self, path: str, headers: list[tuple[bytes, bytes]], chunks: Iterator[bytes]
    ) -> None:
        self.path, self.headers, self.chunks, self.read = path, headers, chunks, 0
        self.sent: list[dict[str, Any]] = []

    async def receive(self) -> dict[str, Any]:
        chunk = next(self.chunks, None)
        if chunk is None:
            await asyncio.Event().wait()
        assert chunk is not None
        self.read += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    def answer(self) -> int:
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), *self.headers]
        scope = {
            "type": "http",
            "method": self.method,
            "path": self.path,
            "query_string": b"",
            "headers": headers,
        }
        call = application(scope, self.receive, self.send)  # type: ignore[arg-type]
        asyncio.run(asyncio.wait_for(call, 5))
        status: int = self.sent[0]["status"]
        return status


@pytest.mark.parametrize("path", PATHS)
def test_a_body_that_says_it_is_too_long_is_not_waited_for(path: str) -> None:
    call = Call(path, HUGE, iter(()))
    assert (call.answer(), call.read) == (413, 0)
    headers = dict(call.sent[0]["headers"])
    assert headers[b"connection"] == b"close"
    kind = b"application/problem+json" if path.startswith("/api/") else b"text/html; charset=utf-8"
    assert headers[b"Content-Type"] == kind


@pytest.mark.parametrize("path", PATHS)
def test_a_body_in_chunks_is_read_no_further_than_the_limit(path: str) -> None:
    endless = iter(lambda: b"x" * 65_536, b"")
    call = Call(path, CHUNKED, endless)
    assert call.answer() == 413
    assert LIMIT < call.read <= LIMIT + 65_536


@pytest.mark.parametrize(
    "said", [b"", b"Bearer nothing", b"Bearer \xff.\xff.\xff", b"Basic eDp5", b"Bearer aap_no"]
)
def test_of_the_file_of_a_model_nothing_is_read_from_whoever_has_no_token(said: bytes) -> None:
    address = f"/api/v1/admin/models/{uuid4()}/artifact"
    headers = [(b"content-length", b"50000000"), (b"authorization", said)]
    call = Call(address, headers, repeat(b"x" * 100_000))
    call.method = "PUT"
    assert call.answer() == 413
    assert call.read == 0


def environ(path: str, body: io.BytesIO, **more: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "SERVER_NAME": "localhost", "SERVER_PORT": "80",
        "wsgi.input": body, "wsgi.errors": io.StringIO(), "wsgi.url_scheme": "http",
        "wsgi.input_terminated": True, "CONTENT_TYPE": "application/json", **more,
    }  # fmt: skip


def answered(said: dict[str, Any]) -> int:
    statuses: list[str] = []
    b"".join(bounded_chunks(django)(said, lambda status, headers: statuses.append(status)))
    return int(statuses[0].split()[0])


@pytest.mark.parametrize("path", PATHS)
def test_under_wsgi_nothing_is_read_of_what_says_it_is_too_long(path: str) -> None:
    body = io.BytesIO(b"x")
    assert answered(environ(path, body, CONTENT_LENGTH="100000000")) == 413
    assert body.tell() == 0


@pytest.mark.parametrize("path", PATHS)
def test_under_wsgi_chunks_are_read_no_further_than_the_limit(path: str) -> None:
    body = io.BytesIO(b"x" * (3 * LIMIT))
    assert answered(environ(path, body, HTTP_TRANSFER_ENCODING="chunked")) == 413
    assert body.tell() == LIMIT + 1


def test_under_wsgi_a_body_in_chunks_is_understood() -> None:
    body = io.BytesIO(b'{"username": "nobody", "password": "x"}')
    said = environ("/api/v1/auth/token", body, HTTP_TRANSFER_ENCODING="chunked")
    assert answered(said) == 401


@pytest.mark.parametrize(("size", "status"), [(LIMIT, 400), (LIMIT + 1, 413)])
def test_the_limit_itself_is_allowed(client: Client, size: int, status: int) -> None:
    answer = client.post("/api/v1/auth/token", b" " * size, "application/json")
    assert answer.status_code == status
