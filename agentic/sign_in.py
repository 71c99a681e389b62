"""Sign-in by HTTP: `/api/v1/auth`."""

from __future__ import annotations

import threading
from typing import Annotated, cast

import msgspec
from django.conf import settings
from django.contrib.auth import authenticate
from msgspec import Meta
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.api import ApiView
from agentic.errors import NotAuthenticated, TooMany
from agentic.models import User
from agentic.parsing import FormParser, StrictJSONParser, read
from agentic.permissions import Anyone
from agentic.roles import roles_of
from agentic.tokens import issue_access

AT_ONCE = threading.BoundedSemaphore(2)
LONGEST_QUEUE = 5.0  # seconds


class Credentials(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """As a client of OAuth 2.0 sends them; what it says beside name and password makes no difference here."""

    username: Annotated[str, Meta(min_length=1, max_length=320)]
    password: Annotated[str, Meta(min_length=1, max_length=4096)]
    grant_type: str = "password"
    scope: str = ""
    client_id: str = ""
    client_secret: str = ""


class Token(ApiView):
    """A wrong name and a wrong password look alike, in words and in time."""

    authentication_classes = ()
    permission_classes = (Anyone,)
    parser_classes = (StrictJSONParser, FormParser)

    def post(self, request: Request) -> Response:
        said = read(request, Credentials)
        user = checked(request, said)
        if user is None:
            raise NotAuthenticated("The name or the password is wrong.")
        answer = {
            "access_token": issue_access(user),
            "token_type": "bearer",
            "expires_in": settings.JWT_ACCESS_SECONDS,
        }
        return Response(answer, headers={"Cache-Control": "no-store"})


def checked(request: Request, said: Credentials) -> User | None:
    """The person, if the password is right. A few at a time: checking one costs much time and memory by design."""
    if not AT_ONCE.acquire(timeout=LONGEST_QUEUE):
        raise TooMany("Many people are signing in at this moment; try again.")
    try:
        return authenticate(request._request, username=said.username, password=said.password)
    finally:
        AT_ONCE.release()


class Me(ApiView):
    rules = {"GET": "auth.me"}

    def get(self, request: Request) -> Response:
        user = cast(User, request.user)
        return Response(
            {
                "id": user.pk,
                "email": user.email,
                "name": user.name,
                "roles": sorted(roles_of(user)),
                "is_active": user.is_active,
            }
        )
