"""How a sign-in by OIDC can fail. `detail` is for the person; `reason` is for the audit log."""

from __future__ import annotations

from agentic.errors import DomainError, NotAllowed, NotAuthenticated, NotFound


class NotEnabled(NotFound):
    """No identity provider is set up here. Sign in with name and password."""


class UnknownRequest(DomainError):
    """This sign-in was not begun here, has been used, or has expired. Begin again."""

    code = "unknown_state"
    reason = "unknown, used or expired state"


class Refused(NotAuthenticated):
    """The identity provider's answer was not accepted. Begin again."""

    code = "sign_in_refused"

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail)
        self.reason = reason


class InactiveAccount(NotAllowed):
    """This account is not active. Ask whoever runs the platform."""

    reason = "the account is not active"


class ProviderDown(DomainError):
    """The identity provider does not answer as it should. Try again, or sign in with name and password."""

    status = 502
    code = "provider_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__()
        self.reason = reason
