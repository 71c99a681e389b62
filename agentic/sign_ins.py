"""Sign-ins, from their beginning to their end, and the tokens that come from them.

A refresh token is good once. Whoever shows a used one, or shows one twice at once, holds a copy, and which of the two
is the thief nobody can say: the whole sign-in ends, and with it every token that came from it.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from agentic.actors import Actor, ActorKind, Source, system
from agentic.audits import record
from agentic.clock import Now, database_now
from agentic.errors import NotAuthenticated
from agentic.live import tell_of_person
from agentic.models import RefreshToken, SignIn, SignInMethod, User
from agentic.tokens import claims_of, issue_access
from agentic.vocabulary import AuditAction

MARK = "aar_"  # a refresh token is known by it, in a log or a leak
REFRESH_LASTS = timedelta(hours=24)
SIGN_IN_LASTS = timedelta(days=30)
REUSED = "a refresh token was used twice"


class Overtaken(NotAuthenticated):
    """The account was changed in this moment. Sign in anew."""

    reason = "the password or the account changed while it was looked at"


@transaction.atomic
def begin_sign_in(
    *,
    user: User,
    method: SignInMethod,
    ip: str,
    user_agent: str,
    source: Source = Source.API,
    correlation_id: str = "",
) -> SignIn:
    """The sign-in of a person who has proved who they are. `tokens_for` gives them their tokens.

    `user` is as it was when that was looked at: Overtaken when it has another password or is closed by now.
    """
    refuse_overtaken(user)
    sign_in = SignIn.objects.create(
        user=user,
        method=method,
        ip=ip,
        user_agent=user_agent[:300].replace("\0", ""),
        expires_at=database_now() + SIGN_IN_LASTS,
    )
    actor = Actor(ActorKind.USER, user.pk, user.username, source, correlation_id, ip=ip)
    record(
        AuditAction.SIGNED_IN,
        actor=actor,
        entity_type="user",
        entity_id=user.pk,
        sign_in=str(sign_in.pk),
        method=str(method),
        user_agent=sign_in.user_agent,
    )
    return sign_in


def refuse_overtaken(user: User) -> None:
    """The row is held until the commit: whoever changes it then finds this sign-in, and ends it with all others."""
    held = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
    if held is None or not held.is_active or held.password != user.password:
        raise Overtaken


def tokens_for(sign_in: SignIn) -> dict[str, Any]:
    """A new pair: `{access_token, token_type, expires_in (seconds), refresh_token}`."""
    secret = MARK + secrets.token_urlsafe(32)
    RefreshToken.objects.create(
        sign_in=sign_in,
        secret_sha256=digest_of(secret),
        expires_at=min(database_now() + REFRESH_LASTS, sign_in.expires_at),
    )
    return {
        "access_token": issue_access(sign_in),
        "token_type": "bearer",
        "expires_in": settings.JWT_ACCESS_SECONDS,
        "refresh_token": secret,
    }


def refresh(secret: str, *, ip: str) -> dict[str, Any]:
    """A new pair for a refresh token, which is used up; NotAuthenticated when it is not good (any more)."""
    tokens = rotated(secret, ip=ip)
    if tokens is None:
        raise NotAuthenticated("The refresh token is not valid, or has expired. Sign in anew.")
    return tokens


@transaction.atomic
def rotated(secret: str, *, ip: str) -> dict[str, Any] | None:
    """Raises nothing: what the use of a bad token brings about has to be committed."""
    tokens = RefreshToken.objects.filter(secret_sha256=digest_of(secret))
    # Of two at once, the second waits here for the first, and then finds the token used.
    if tokens.filter(used_at__isnull=True, expires_at__gt=Now()).update(used_at=Now()):
        sign_in = open_sign_ins().filter(refresh_tokens__in=tokens).first()
        return tokens_for(sign_in) if sign_in else None
    if used := tokens.filter(used_at__isnull=False).select_related("sign_in__user").first():
        end_sign_in(used.sign_in, REUSED, actor=replace(system(Source.API), ip=ip))
    return None


def by_refresh_token(secret: str) -> SignIn | None:
    """The sign-in, however old the token is, and whether it has ended or not."""
    tokens = RefreshToken.objects.filter(secret_sha256=digest_of(secret))
    return SignIn.objects.filter(refresh_tokens__in=tokens).select_related("user").first()


def by_access_token(token: str) -> SignIn | None:
    """The sign-in, whether it has ended or not; NotAuthenticated for a token that is not ours, or is too old."""
    claims = claims_of(token)
    mine = SignIn.objects.filter(pk=claims.sign_in_id, user_id=claims.user_id)
    return mine.select_related("user").first()


@transaction.atomic
def end_sign_in(
    sign_in: SignIn,
    because: str,
    *,
    actor: Actor | None = None,
    action: AuditAction = AuditAction.SIGN_IN_REVOKED,
) -> bool:
    """From the next request on none of its tokens is good. False when it had ended before."""
    return end(SignIn.objects.filter(pk=sign_in.pk), sign_in.user, because, actor, action)


@transaction.atomic
def end_all_of(
    user: User,
    because: str,
    *,
    actor: Actor | None = None,
    action: AuditAction = AuditAction.SIGN_IN_REVOKED,
) -> bool:
    """Every sign-in of a person, in programs and in browsers. False when there was none."""
    return end(SignIn.objects.filter(user=user), user, because, actor, action)


def end(
    which: QuerySet[SignIn], user: User, because: str, actor: Actor | None, action: AuditAction
) -> bool:
    still_open = which.filter(ended_at__isnull=True)
    ended = still_open.update(ended_at=Now(), ended_because=because[:100])
    if ended:
        record(
            action,
            actor=actor or Actor(ActorKind.USER, user.pk, user.username, Source.API),
            entity_type="user",
            entity_id=user.pk,
            reason=because,
            sign_ins=ended,
        )
        tell_of_person(user.pk)
    return bool(ended)


def open_sign_ins() -> QuerySet[SignIn]:
    """Those whose tokens are good at this moment."""
    return SignIn.objects.filter(ended_at__isnull=True, expires_at__gt=Now(), user__is_active=True)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
