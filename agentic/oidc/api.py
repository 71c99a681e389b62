"""Sign-in by OIDC for clients of the API: `/api/v1/auth/oidc`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from agentic import described
from agentic.acting import knocking
from agentic.actors import Actor
from agentic.api import ApiView, text_in_query
from agentic.entering import enter
from agentic.errors import DomainError, Invalid
from agentic.models import SignInMethod, User
from agentic.oidc.backend import SOMEBODY
from agentic.oidc.exchange import proven
from agentic.oidc.people import account_of, tell_failure
from agentic.oidc.provider import provider, refuse_another_issuer
from agentic.oidc.requests import begin_request, take_request
from agentic.parsing import read
from agentic.permissions import Anyone
from agentic.rates import spend_sign_in
from agentic.shapes import ProviderAnswer
from agentic.sign_ins import tokens_for

NOT_ENABLED = {
    "enabled": False,
    "message": "No identity provider is set up here: sign in with name and password.",
}
NOT_KEPT = {"Cache-Control": "no-store"}


class Config(ApiView):
    """With `redirect_uri` it begins a sign-in, too: the client sends the person to `authorization_url`."""

    authentication_classes = ()
    permission_classes = (Anyone,)
    operations: ClassVar = {"GET": described.SHOW_OIDC}

    def get(self, request: Request) -> Response:
        redirect_uri = text_in_query(request, "redirect_uri", longest=2000)
        if not settings.OIDC_ISSUER:
            return Response(NOT_ENABLED)
        answer: dict[str, Any] = {
            "enabled": True,
            "issuer": settings.OIDC_ISSUER,
            "authorization_endpoint": provider().discovery.authorization_endpoint,
            "client_id": settings.OIDC_RP_CLIENT_ID,
        }
        if redirect_uri:
            spend_sign_in(request._request)
            answer |= begun(redirect_uri)
        return Response(answer, headers=NOT_KEPT)


def begun(redirect_uri: str) -> dict[str, str]:
    if redirect_uri not in settings.OIDC_REDIRECT_URIS:
        raise Invalid(redirect_uri="not one of OIDC_REDIRECT_URIS")
    return begin_request(provider(), redirect_uri)._asdict()


class Callback(ApiView):
    """The platform's own tokens for the provider's code, as `/auth/token` gives them."""

    authentication_classes = ()
    permission_classes = (Anyone,)
    operations: ClassVar = {"POST": described.SIGN_IN_BY_OIDC}

    user: User

    def prepare(self, request: Request) -> None:
        """In no transaction, for the provider takes its time; and what fails is told whatever is undone afterwards."""
        said, door = read(request, ProviderAnswer), knocking(request._request, SOMEBODY)
        try:
            self.user = account_for(said, door)
        except DomainError as error:
            tell_failure(door, error)
            raise

    def post(self, request: Request) -> Response:
        sign_in = enter(request._request, self.user, SignInMethod.OIDC)
        return Response(tokens_for(sign_in), headers=NOT_KEPT)


def account_for(said: ProviderAnswer, door: Actor) -> User:
    refuse_another_issuer(provider(), said.iss)
    answered = take_request(said.state, said.code)
    return account_of(proven(answered, provider()).person, door)
