"""Access tokens: who signed in, for ten minutes. They carry no roles; those are read anew at each request.

Two keys may be good at once, so that one can be replaced: `kid` in a token's header says which of them signed it. Only
the first one signs.
"""

from __future__ import annotations

import hashlib
import time
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from django.conf import settings

from agentic.errors import NotAuthenticated
from agentic.ids import new_id
from agentic.models import SignIn

ALGORITHM = "HS256"
TOKEN_TYPE = "access"  # noqa: S105 - a kind, not a secret
REQUIRED = ["exp", "iat", "sub", "jti", "iss", "aud", "token_type", "sid"]


class Claims(NamedTuple):
    """What a token of ours says. `expires_at` is in seconds since 1970."""

    user_id: UUID
    sign_in_id: UUID
    expires_at: int


def issue_access(sign_in: SignIn) -> str:
    now = int(time.time())
    claims = {
        "sub": str(sign_in.user_id),
        "sid": str(sign_in.pk),
        "iat": now,
        "exp": now + settings.JWT_ACCESS_SECONDS,
        "jti": str(new_id()),
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "token_type": TOKEN_TYPE,
    }
    key = settings.JWT_SECRET_KEY
    return jwt.encode(claims, key, algorithm=ALGORITHM, headers={"kid": name_of(key)})


def claims_of(token: str) -> Claims:
    """What a token of ours says; NotAuthenticated for any other, whatever is wrong with it."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key_of(token),
            algorithms=[ALGORITHM],
            issuer=settings.JWT_ISSUER,
            audience=settings.JWT_AUDIENCE,
            options={"require": REQUIRED},
        )
        if claims["token_type"] != TOKEN_TYPE:
            raise NotAuthenticated("This is not an access token.")
        return Claims(UUID(claims["sub"]), UUID(claims["sid"]), int(claims["exp"]))
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        raise NotAuthenticated("The token is not valid, or has expired.") from error


def key_of(token: str) -> str:
    """The key that a token says it was signed with; the one that signs unless it names the previous one."""
    previous: str = settings.JWT_PREVIOUS_SECRET_KEY
    if previous and jwt.get_unverified_header(token).get("kid") == name_of(previous):
        return previous
    key: str = settings.JWT_SECRET_KEY
    return key


@lru_cache(maxsize=8)
def name_of(key: str) -> str:
    """A few digits that tell two keys apart, and tell nothing of either."""
    return hashlib.sha256(b"kid:" + key.encode()).hexdigest()[:8]
