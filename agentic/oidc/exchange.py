"""From a code to a person: the token endpoint, the id token, userinfo."""

from __future__ import annotations

import base64
import hmac
import logging
from typing import Any, NamedTuple
from urllib.parse import quote

from django.conf import settings

from agentic.oidc import wire
from agentic.oidc.claims import Person, person_from, subject_from
from agentic.oidc.errors import ProviderDown, Refused
from agentic.oidc.provider import Discovery, Provider
from agentic.oidc.verification import Expected, verified

logger = logging.getLogger(__name__)


class Answered(NamedTuple):
    """What came back from the provider, and what it has to agree with."""

    code: str
    redirect_uri: str
    nonce: str
    code_verifier: str


class Proven(NamedTuple):
    person: Person
    id_token: str  # the provider asks for it when the person signs out


def proven(answered: Answered, provider: Provider) -> Proven:
    """Who signed in; Refused or ProviderDown when that is not beyond doubt."""
    tokens = tokens_for_code(answered, provider.discovery)
    expected = Expected(provider.issuer, settings.OIDC_RP_CLIENT_ID, answered.nonce)
    claims = verified(tokens["id_token"], expected, provider.key)
    userinfo = userinfo_of(subject_from(claims["sub"]), tokens["access_token"], provider.discovery)
    return Proven(person_from(claims, userinfo), tokens["id_token"])


def tokens_for_code(answered: Answered, discovery: Discovery) -> dict[str, str]:
    form = {
        "grant_type": "authorization_code",
        "code": answered.code,
        "redirect_uri": answered.redirect_uri,
        "code_verifier": answered.code_verifier,
    }
    headers, said = client_proof(discovery.token_endpoint_auth_methods_supported)
    answer = wire.post_form(discovery.token_endpoint, form | said, headers=headers)
    refuse_error(answer)
    tokens = {name: answer.body.get(name) for name in ("id_token", "access_token")}
    if not all(isinstance(token, str) and token.isascii() for token in tokens.values()):
        raise Refused("token endpoint: no id token, or no access token")
    return {name: str(token) for name, token in tokens.items()}


def refuse_error(answer: wire.Answer) -> None:
    if answer.status == 200:
        return
    if answer.status >= 500:
        raise ProviderDown(f"its token endpoint answers {answer.status}")
    error = str(answer.body.get("error", ""))[:40]
    if error in {"invalid_client", "unauthorized_client"}:
        logger.error("the identity provider does not take OIDC_CLIENT_ID and OIDC_CLIENT_SECRET")
    raise Refused(f"token endpoint: {answer.status} {error!a}")


def client_proof(methods: tuple[str, ...]) -> tuple[dict[str, str], dict[str, str]]:
    """How we show who we are, as headers and as fields of the form."""
    client, secret = settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET
    if not secret:
        return {}, {"client_id": client}
    if "client_secret_basic" in methods or "client_secret_post" not in methods:
        pair = f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}, {}
    return {}, {"client_id": client, "client_secret": secret}


def userinfo_of(subject: str, access_token: str, discovery: Discovery) -> dict[str, Any]:
    """What else the provider tells of the person; nothing where it has no such endpoint."""
    if not discovery.userinfo_endpoint:
        return {}
    answer = wire.get(discovery.userinfo_endpoint, bearer=access_token)
    if answer.status != 200:
        raise ProviderDown(f"its userinfo answers {answer.status}")
    said = answer.body.get("sub")
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), subject.encode()):
        raise Refused("userinfo: tells of somebody else")
    return answer.body
