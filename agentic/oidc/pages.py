"""Sign-in by OIDC on the pages: off to the provider, and back."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import auth
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from mozilla_django_oidc.views import OIDCAuthenticationCallbackView, OIDCAuthenticationRequestView

from agentic.acting import knocking
from agentic.errors import DomainError, NotAuthenticated, TooMany
from agentic.oidc.backend import ID_TOKEN, SOMEBODY
from agentic.oidc.errors import Refused, UnknownRequest
from agentic.oidc.people import tell_failure
from agentic.oidc.provider import provider, refuse_another_issuer
from agentic.rates import spend_return, spend_sign_in
from agentic.sign_in_pages import page_after, told_to_wait
from agentic.sign_ins import Overtaken

LASTS = 600.0  # seconds between going off and coming back
STATES = "oidc_states"  # in a session: what the library keeps of each sign-in that was begun
FORBIDDEN = 403
# Anybody can come too often, and that fills no log; who was overtaken was told of at the door.
UNTOLD = (TooMany, Overtaken)

Page = Callable[..., HttpResponse]


def plainly(page: Page) -> Page:
    """Whatever goes wrong is told on a page, in a sentence, and in the audit log."""

    @wraps(page)
    def carefully(view: Any, request: HttpRequest) -> HttpResponse:
        try:
            return page(view, request)
        except SuspiciousOperation:  # the library's word for a state that it does not know
            return failure(request, UnknownRequest())
        except DomainError as error:
            return failure(request, error)

    return carefully


def failure(request: HttpRequest, error: DomainError) -> HttpResponse:
    if not isinstance(error, UNTOLD):
        tell_failure(knocking(request, SOMEBODY), error)
    status = FORBIDDEN if isinstance(error, NotAuthenticated) else error.status
    answer = render(request, "sign_in_failed.html", {"detail": error.detail}, status=status)
    return told_to_wait(answer, error) if isinstance(error, TooMany) else answer


class Begin(OIDCAuthenticationRequestView):  # type: ignore[misc] # the library carries no types
    """Off to the provider, with a state, a nonce and a challenge that this browser alone can answer for."""

    def __init__(self, **kwargs: Any) -> None:
        # The library's reads endpoints from settings; ours come from the provider, when they are needed.
        super(OIDCAuthenticationRequestView, self).__init__(**kwargs)
        self.OIDC_RP_CLIENT_ID = settings.OIDC_RP_CLIENT_ID

    @plainly
    def get(self, request: HttpRequest) -> HttpResponse:
        spend_sign_in(request)
        self.OIDC_OP_AUTH_ENDPOINT = provider().discovery.authorization_endpoint
        answer: HttpResponse = super().get(request)
        request.session["oidc_login_next"] = page_after(request)
        return answer


class Callback(OIDCAuthenticationCallbackView):  # type: ignore[misc] # likewise
    """Back from the provider: the state is looked up and used up by the library, the rest by our backend."""

    @plainly
    def get(self, request: HttpRequest) -> HttpResponse:
        spend_return(request)
        refuse_another_issuer(provider(), request.GET.get("iss", ""))
        forget_old_states(request)
        if "error" in request.GET:
            forget_state(request, request.GET.get("state", ""))
            raise Refused(
                "answer: the provider says no", "The identity provider did not sign you in."
            )
        answer: HttpResponse = super().get(request)
        return answer

    def login_failure(self) -> HttpResponse:
        raise UnknownRequest

    def login_success(self) -> HttpResponse:
        session, after = self.request.session, self.success_url
        id_token = session.pop(ID_TOKEN)
        auth.login(self.request, self.user)
        # Another person's session was emptied by that: what belongs to this one is kept in the new one.
        self.request.session[ID_TOKEN] = id_token
        return HttpResponseRedirect(after)


def forget_old_states(request: HttpRequest) -> None:
    begun = request.session.get(STATES, {})
    fresh = {name: one for name, one in begun.items() if time.time() - one["added_on"] < LASTS}
    if len(fresh) < len(begun):
        request.session[STATES] = fresh


def forget_state(request: HttpRequest, state: str) -> None:
    begun = request.session.get(STATES, {})
    if begun.pop(state, None):
        request.session[STATES] = begun
