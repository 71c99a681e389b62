"""The base of every API view, and how a limit, an id or a cursor is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from agentic.errors import DomainError, Invalid, NotFound
from agentic.idempotency import honouring_keys
from agentic.operations import Operation
from agentic.parsing import ShapeType, read


class ApiView(APIView):
    """A door. `rules` names the rule of each method (`agentic.roles`); a method without one is closed.

    `operations` says of each method what it does, takes and answers; a test finds those that are not described.
    """

    rules: ClassVar[dict[str, str]] = {}
    operations: ClassVar[dict[str, Operation]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Every `post` honours an `Idempotency-Key` (`agentic.idempotency`)."""
        super().__init_subclass__(**kwargs)
        if "post" in vars(cls):
            prepares = cls.prepare is not ApiView.prepare
            cls.post = honouring_keys(cls.post, prepares=prepares)  # type: ignore[attr-defined]

    def beforehand(self, request: Request) -> None:
        """What a POST does outside the transaction in which its answer is kept: it is done at each repetition too."""

    def prepare(self, request: Request) -> None:
        """What a POST does outside of it once, where no answer is kept: to ask somebody elsewhere takes its time."""


@contextmanager
def about(things: QuerySet[Any]) -> Iterator[None]:
    """While a call about one thing is read: what is not there is 404, however wrong the rest of the call is."""
    try:
        yield
    except (DomainError, APIException):
        if not things.exists():
            raise NotFound from None
        raise


def read_about(request: Request, shape: type[ShapeType], things: QuerySet[Any]) -> ShapeType:
    """The body of a call about one thing."""
    with about(things):
        return read(request, shape)


def id_in_path(text: str) -> UUID:
    """An id from the address; what is no id is not there."""
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound from error


def id_in_query(request: Request, name: str) -> UUID | None:
    text = request.query_params.get(name)
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise Invalid(**{name: "not an id"}) from error


def number_in_query(
    request: Request, name: str, *, default: int, lowest: int = 0, highest: int = 2**62
) -> int:
    text: Any = request.query_params.get(name)
    if text is None:
        return default
    # Not int(): it takes signs, blanks, underscores and digits of other scripts.
    if not (
        text.isascii() and text.isdigit() and len(text) < 20 and lowest <= int(text) <= highest
    ):
        raise Invalid(**{name: f"a whole number from {lowest} to {highest}"})
    return int(text)


def choice_in_query(request: Request, name: str, choices: list[str]) -> str:
    text: str = request.query_params.get(name, "")
    if text and text not in choices:
        raise Invalid(**{name: f"one of {', '.join(choices)}"})
    return text


def text_in_query(request: Request, name: str, *, longest: int = 200) -> str:
    text: str = request.query_params.get(name, "")
    if "\0" in text:
        raise Invalid(**{name: "contains a NUL character"})
    if len(text) > longest:
        raise Invalid(**{name: f"longer than {longest} characters"})
    return text
