"""What the API's documents say of a call: each view describes its methods in `operations`, beside its rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta


class Other(NamedTuple):
    """Another good answer that a call may give."""

    status: int
    about: str
    answer: type[msgspec.Struct]
    answered: Any


class Refusal(NamedTuple):
    """When it is given, and an example of it."""

    about: str
    code: str
    detail: str
    members: dict[str, Any] = {}


# What a call may be refused with, by its status.
REFUSALS = {
    400: Refusal(
        "The input is wrong; `errors` names the fields.",
        "invalid",
        "The input is wrong.",
        {"errors": {"title": ["this field is required"]}},
    ),
    401: Refusal(
        "There is no credential, or none that is good.",
        "not_authenticated",
        "This sign-in has ended, or the account is not active.",
    ),
    403: Refusal(
        "The caller's roles, or the scopes of its key, do not allow this.",
        "not_allowed",
        "This is not allowed for you.",
    ),
    404: Refusal("There is no such thing.", "not_found", "There is no such task."),
    406: Refusal(
        "The caller accepts no JSON.",
        "not_acceptable",
        "Could not satisfy the request Accept header.",
    ),
    409: Refusal(
        "The state of the thing does not allow this (with `state` and `legal`), its lease has ended, or somebody was "
        "faster.",
        "illegal_move",
        "The state does not allow this.",
        {"state": "verified", "legal": []},
    ),
    411: Refusal(
        "The length of the body is not stated.",
        "length_required",
        "State the length of the file in Content-Length.",
    ),
    413: Refusal("The body is over 1 MB.", "too_large", "The body is over 1 MB."),
    414: Refusal("The address is longer than the server before the platform takes.", "", ""),
    415: Refusal(
        "The body is of another content type.",
        "unsupported_media_type",
        'Unsupported media type "text/plain" in request.',
    ),
    422: Refusal(
        "The `Idempotency-Key` was used before with another request.",
        "idempotency_mismatch",
        "This Idempotency-Key stands for another request: take a new one.",
    ),
    429: Refusal(
        "Too many calls; `Retry-After` says for how many seconds to wait.",
        "throttled",
        "Too many at once; try again.",
    ),
    502: Refusal(
        "The identity provider does not answer as it should.",
        "provider_unavailable",
        "The identity provider does not answer as it should. Try again, or sign in with name and password.",
    ),
    503: Refusal(
        "The database cannot be reached; try again.",
        "unavailable",
        "The database cannot be reached; try again.",
    ),
}


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question in the address. `type` is as msgspec takes it, with its bounds."""

    name: str
    type: Any
    about: str
    default: Any = None


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of a view. Bodies and answers are msgspec Structs; an example fits its own schema (tested).

    `errors` are those of its own: what every call of its kind may be refused with is added by itself. With `takes` or
    `gives` the body or the answer is no JSON, but the bytes of a file of that content type.
    """

    summary: str
    about: str = ""
    body: type[msgspec.Struct] | None = None
    example: Any = None
    takes_forms: bool = False
    takes: str = ""
    gives: str = ""
    answer: type[msgspec.Struct] | None = None
    answered: Any = None
    status: int = 200
    others: tuple[Other, ...] = ()
    query: tuple[Query, ...] = ()
    errors: tuple[int, ...] = ()

    @property
    def types(self) -> list[Any]:
        """Everything that the schema has to explain."""
        shapes = (self.answer, self.body, *(other.answer for other in self.others))
        return [*filter(None, shapes), *(question.type for question in self.query)]


def refusals(operation: Operation, *, method: str, path: str, is_open: bool) -> list[int]:
    """The statuses that a call may be refused with, from what it is."""
    statuses = {*operation.errors, 406, 429, 503}
    if not is_open:
        statuses |= {401, 403}
    if "{" in path:
        statuses |= {404}
    if operation.query:
        statuses |= {400, 414}
    if method != "GET":
        statuses |= {400, 413, 415}
    if method == "POST":
        statuses |= {409, 422}  # by its Idempotency-Key
    return sorted(statuses)


def limit(default: int, highest: int) -> Query:
    kind = Annotated[int, Meta(ge=1, le=highest)]
    return Query(name="limit", type=kind, about="How many at most.", default=default)


def cursor(pattern: str = "") -> Query:
    about = "The `next` of the page before."
    kind = (
        Annotated[str, Meta(pattern=pattern)] if pattern else Annotated[str, Meta(max_length=200)]
    )
    return Query(name="cursor", type=kind, about=about)
