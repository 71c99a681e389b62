"""Access tokens: who signed in, for ten minutes. They carry no roles; those are read anew at each request."""

from __future__ import annotations

import time
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings

from agentic.errors import NotAuthenticated
from agentic.ids import new_id
from agentic.models import User

ALGORITHM = "HS256"
TOKEN_TYPE = "access"  # noqa: S105 - a kind, not a secret
REQUIRED = ["exp", "iat", "sub", "jti", "iss", "aud", "token_type"]


def issue_access(user: User) -> str:
    now = int(time.time())
    claims = {
        "sub": str(user.pk),
        "iat": now,
        "exp": now + settings.JWT_ACCESS_SECONDS,
        "jti": str(new_id()),
        "iss": settings.JWT_ISSUER,
        "aud": settings.JWT_AUDIENCE,
        "token_type": TOKEN_TYPE,
    }
    return jwt.encode(claims, settings.JWT_SECRET_KEY, algorithm=ALGORITHM)


def subject_of(token: str) -> UUID:
    """The user's id in a token of ours; NotAuthenticated for any other, whatever is wrong with it."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            settings.JWT_SECRET_KEY,
            algorithms=[ALGORITHM],
            issuer=settings.JWT_ISSUER,
            audience=settings.JWT_AUDIENCE,
            options={"require": REQUIRED},
        )
        if claims["token_type"] != TOKEN_TYPE:
            raise NotAuthenticated("This is not an access token.")
        return UUID(claims["sub"])
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        raise NotAuthenticated("The token is not valid, or has expired.") from error
