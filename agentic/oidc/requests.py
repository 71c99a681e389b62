"""Sign-ins that a client of the API has begun. Each state is good once, for ten minutes."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from django.conf import settings
from mozilla_django_oidc.utils import generate_code_challenge

from agentic.clock import Now, database_now
from agentic.models import OidcRequest
from agentic.oidc.errors import UnknownRequest
from agentic.oidc.exchange import Answered
from agentic.oidc.provider import Provider

LASTS = timedelta(minutes=10)


class Begun(NamedTuple):
    authorization_url: str
    state: str


def begin_request(provider: Provider, redirect_uri: str) -> Begun:
    """Where the client sends the person, and the state by which it knows the answer as its own."""
    endpoint = provider.discovery.authorization_endpoint
    OidcRequest.objects.filter(expires_at__lte=Now()).delete()
    state = secrets.token_urlsafe(32)
    request = OidcRequest.objects.create(
        state_sha256=digest_of(state),
        nonce=secrets.token_urlsafe(32),
        code_verifier=secrets.token_urlsafe(64),
        redirect_uri=redirect_uri,
        expires_at=database_now() + LASTS,
    )
    query = urlencode(asked_for(request, state))
    return Begun(f"{endpoint}{'&' if '?' in endpoint else '?'}{query}", state)


def asked_for(request: OidcRequest, state: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "client_id": settings.OIDC_RP_CLIENT_ID,
        "redirect_uri": request.redirect_uri,
        "scope": settings.OIDC_RP_SCOPES,
        "state": state,
        "nonce": request.nonce,
        "code_challenge": generate_code_challenge(request.code_verifier, "S256"),
        "code_challenge_method": "S256",
    }


def take_request(state: str, code: str) -> Answered:
    """What the answer with this state is held against, used up by the asking; UnknownRequest for any other state."""
    waiting = OidcRequest.objects.filter(state_sha256=digest_of(state), expires_at__gt=Now())
    request = waiting.first()
    # Of two who show the same state at once, one deletes the row.
    if request is None or not OidcRequest.objects.filter(pk=request.pk).delete()[0]:
        raise UnknownRequest
    return Answered(code, request.redirect_uri, request.nonce, request.code_verifier)


def digest_of(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
