"""Is an id token one that the provider made, for us, for this very sign-in, just now?"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt

from agentic.oidc.errors import Refused
from agentic.oidc.provider import ALGORITHMS

REQUIRED = ["iss", "sub", "aud", "exp", "iat", "nonce"]
LEEWAY = 30  # seconds by which the two clocks may differ
OLDEST = 600  # seconds since it was made: a sign-in takes no longer

KeyFor = Callable[[str | None, str], jwt.PyJWK]
# What a token can be made of that the decoder does not foresee: numbers past all bounds, endless nesting.
BROKEN = (jwt.PyJWTError, ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)  # fmt: skip


class Expected(NamedTuple):
    issuer: str
    client_id: str
    nonce: str


def verified(id_token: str, expected: Expected, key_for: KeyFor) -> dict[str, Any]:
    """The claims of an id token that holds in every respect; Refused, with the first reason, for any other."""
    try:
        claims = decoded(id_token, expected, key_for)
        refuse_another_party(claims, expected.client_id)
        refuse_another_moment(claims, expected.nonce)
    except BROKEN as error:
        raise Refused(f"id token: {type(error).__name__}") from error
    return claims


def decoded(id_token: str, expected: Expected, key_for: KeyFor) -> dict[str, Any]:
    header = jwt.get_unverified_header(id_token)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise Refused("id token: not signed by an algorithm that we take")
    claims: dict[str, Any] = jwt.decode(
        id_token,
        key_for(header.get("kid"), algorithm).key,
        algorithms=[algorithm],
        issuer=expected.issuer,
        audience=expected.client_id,
        leeway=LEEWAY,
        options={"require": REQUIRED},
    )
    return claims


def refuse_another_party(claims: dict[str, Any], client_id: str) -> None:
    """One of several audiences is not enough: the token has to be made for us."""
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if (several or "azp" in claims) and claims.get("azp") != client_id:
        raise Refused("id token: made for another party (azp)")


def refuse_another_moment(claims: dict[str, Any], nonce: str) -> None:
    said = claims["nonce"]
    if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise Refused("id token: made for another sign-in (nonce)")
    if int(claims["iat"]) < time.time() - OLDEST - LEEWAY:
        raise Refused("id token: made too long ago (iat)")
