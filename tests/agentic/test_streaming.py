"""An answer of many lines is made while it is sent, under both kinds of server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from asgiref.sync import async_to_sync
from django.http import StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory

from agentic import streaming
from agentic.streaming import streamed

MANY = 1_000_000


class Counted:
    """Lines, and how many of them were asked for."""

    def __init__(self, most: int = MANY) -> None:
        self.made, self.most = 0, most

    def __iter__(self) -> Iterator[str]:
        while self.made < self.most:
            self.made += 1
            yield f"{self.made}\n"


def test_under_wsgi_no_more_is_made_than_is_asked_for() -> None:
    lines = Counted()
    answer = streamed(RequestFactory().get("/"), lines)
    assert isinstance(answer, StreamingHttpResponse)
    assert (answer.is_async, next(iter(answer))[:4]) == (False, b"1\n2\n")
    assert lines.made == streaming.LINES


def test_under_asgi_neither() -> None:
    lines = Counted()
    answer = streamed(AsyncRequestFactory().get("/"), lines)
    assert isinstance(answer, StreamingHttpResponse)
    assert answer.is_async

    async def first() -> bytes:
        parts = answer.__aiter__()
        part = await anext(parts)
        await parts.aclose()  # type: ignore[attr-defined] # a generator
        return part

    assert async_to_sync(first)()[:4] == b"1\n2\n"
    assert lines.made == streaming.LINES


@pytest.mark.parametrize("number", [0, 1, 2, 3, 5])
def test_all_of_it_comes_under_both(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(streaming, "LINES", 2)
    wanted = "".join(Counted(number)).encode()
    plain = streamed(RequestFactory().get("/"), Counted(number))
    assert plain.getvalue() == wanted
    answer = streamed(AsyncRequestFactory().get("/"), Counted(number))

    async def whole() -> bytes:
        return b"".join([part async for part in answer])  # type: ignore[attr-defined]

    assert async_to_sync(whole)() == wanted


def test_to_head_nothing_is_made() -> None:
    lines = Counted()
    answer = streamed(RequestFactory().head("/"), lines, content_type="text/csv")
    assert (lines.made, answer["Content-Type"]) == (0, "text/csv")
