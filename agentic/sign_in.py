"""Sign-in by HTTP: `/api/v1/auth`."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.auth import authenticate
from rest_framework.request import Request
from rest_framework.response import Response

from agentic import described
from agentic.addresses import address_of
from agentic.api import ApiView
from agentic.authentication import bearer_of
from agentic.entering import enter, leave
from agentic.errors import NotAuthenticated
from agentic.models import SignInMethod, User
from agentic.parsing import FormParser, StrictJSONParser, read
from agentic.permissions import Anyone
from agentic.roles import roles_of
from agentic.shapes import Credentials, Leaving, Refreshing
from agentic.sign_ins import by_access_token, by_refresh_token, refresh, tokens_for


class OpenView(ApiView):
    """A door before the sign-in. Nobody on the way keeps what it answers, errors included."""

    authentication_classes = ()
    permission_classes = (Anyone,)
    parser_classes = (StrictJSONParser, FormParser)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(*args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


class Token(OpenView):
    """A wrong name and a wrong password look alike, in words and in time."""

    operations = {"POST": described.SIGN_IN}

    user: User

    def beforehand(self, request: Request) -> None:
        """Each time, also for an answer that is kept, and counted whatever becomes of the rest."""
        said = read(request, Credentials)
        user = authenticate(request._request, username=said.username, password=said.password)
        if user is None:
            raise NotAuthenticated("The name or the password is wrong.")
        self.user = user

    def post(self, request: Request) -> Response:
        sign_in = enter(request._request, self.user, SignInMethod.PASSWORD)
        return Response(tokens_for(sign_in))


class Refresh(OpenView):
    """One refresh token for another, once."""

    operations = {"POST": described.REFRESH}

    def post(self, request: Request) -> Response:
        said = read(request, Refreshing)
        return Response(refresh(said.refresh_token, ip=address_of(request._request)))


class Logout(OpenView):
    """Ends the sign-in of a refresh token, or of the access token in the header. To say it again is no error."""

    operations = {"POST": described.SIGN_OUT}

    def post(self, request: Request) -> Response:
        secret = read(request, Leaving).refresh_token
        found = by_refresh_token(secret) if secret else by_access_token(bearer_of(request))
        if found:
            leave(request._request, found)
        return Response({"status": "signed_out"})


class Me(ApiView):
    rules = {"GET": "auth.me"}
    operations = {"GET": described.SHOW_ME}

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
