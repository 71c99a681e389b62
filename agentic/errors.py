"""What can go wrong by the rules. A door turns each into an answer (`agentic.problems` for HTTP)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar


class DomainError(Exception):
    """The request cannot be carried out."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "invalid"

    def __init__(self, detail: str = "", **members: Any) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.members = members
        super().__init__(self.detail)


class Invalid(DomainError):
    """The input is wrong."""

    def __init__(self, **errors: str) -> None:
        super().__init__(
            "The input is wrong.", errors={name: [text] for name, text in errors.items()}
        )


class NotFound(DomainError):
    """There is no such thing."""

    status = 404
    code = "not_found"


class NotAllowed(DomainError):
    """This is not allowed for you."""

    status = 403
    code = "not_allowed"


class NotAuthenticated(DomainError):
    """Sign in first."""

    status = 401
    code = "not_authenticated"


class TooLarge(DomainError):
    """The body is too large."""

    status = 413
    code = "too_large"


class Conflict(DomainError):
    """Somebody was faster."""

    status = 409
    code = "conflict"

    def __init__(self, state: str, legal: Iterable[str], detail: str = "") -> None:
        super().__init__(detail, state=state, legal=sorted(legal))


class IllegalMove(Conflict):
    """The state does not allow this."""

    code = "illegal_move"


class LeaseLost(DomainError):
    """The lease has ended: stop working on this task."""

    status = 409
    code = "lease_lost"


class TooMany(DomainError):
    """Too many at once; try again."""

    status = 429
    code = "throttled"
    wait = 1.0  # seconds, for Retry-After


class Unavailable(DomainError):
    """The database cannot be reached; try again."""

    status = 503
    code = "unavailable"
