"""The end of the provider's own session (RP-initiated logout)."""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from agentic.oidc.backend import ID_TOKEN
from agentic.oidc.errors import ProviderDown
from agentic.oidc.provider import provider

logger = logging.getLogger(__name__)


def provider_sign_out(request: HttpRequest) -> str:
    """Where the browser has to go to end its session at the provider, too; empty when it has none that can be ended."""
    id_token = request.session.get(ID_TOKEN)
    if not id_token or not settings.OIDC_ISSUER:
        return ""
    try:
        endpoint = provider().discovery.end_session_endpoint
    except ProviderDown as error:
        logger.warning("the provider's session could not be ended: %s", error.reason)
        return ""
    asked = {
        "id_token_hint": id_token,
        "client_id": settings.OIDC_RP_CLIENT_ID,
        "post_logout_redirect_uri": request.build_absolute_uri(reverse("sign_in")),
    }
    joint = "&" if "?" in endpoint else "?"
    return f"{endpoint}{joint}{urlencode(asked)}" if endpoint else ""
