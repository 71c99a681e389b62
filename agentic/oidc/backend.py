"""The library's backend, with our own idea of who a person is, and of what proves it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest
from django.urls import reverse
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.utils import absolutify

from agentic.acting import knocking
from agentic.models import User
from agentic.oidc.exchange import Answered, proven
from agentic.oidc.people import account_of
from agentic.oidc.provider import provider

SOMEBODY = "somebody, by OIDC"
ID_TOKEN = "oidc_id_token"  # noqa: S105 - its name in the session


class OidcBackend(OIDCAuthenticationBackend):  # type: ignore[misc] # the library carries no types
    """The library's would find people by e-mail address, check neither issuer nor audience, and wait without end."""

    def __init__(self) -> None:
        # The library's reads endpoints here. This runs at each request with a session: it must ask nobody.
        self.UserModel = get_user_model()

    def authenticate(self, request: HttpRequest, *, nonce: str, code_verifier: str) -> User:
        """Refused, ProviderDown or InactiveAccount say why somebody does not get in."""
        answered = Answered(
            code=request.GET["code"],
            redirect_uri=absolutify(request, reverse("oidc_callback")),
            nonce=nonce,
            code_verifier=code_verifier,
        )
        found = proven(answered, provider())
        user = account_of(found.person, knocking(request, SOMEBODY))
        request.session[ID_TOKEN] = found.id_token
        return user

    def get_user(self, user_id: Any) -> User | None:
        """The library's also finds people who are not active any more."""
        user: User | None = ModelBackend.get_user(self, user_id)
        return user
