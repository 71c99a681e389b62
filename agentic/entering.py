"""A person at a door, with a request in hand: a sign-in begins or ends, and the log says from where."""

from __future__ import annotations

from django.http import HttpRequest

from agentic.acting import acting, knocking, source_of
from agentic.actors import Actor, ActorKind
from agentic.audits import record
from agentic.models import SignIn, SignInMethod, User
from agentic.sign_ins import Overtaken, begin_sign_in, end_all_of, end_sign_in
from agentic.vocabulary import AuditAction

BY_THEMSELVES = "signed out"


def enter(request: HttpRequest, user: User, method: SignInMethod) -> SignIn:
    """For somebody who has just proved who they are. Overtaken when the account has changed since then."""
    actor = at_door(request, user)
    try:
        return begin_sign_in(
            user=user,
            method=method,
            ip=actor.ip,
            user_agent=request.headers.get("User-Agent", ""),
            source=actor.source,
            correlation_id=actor.correlation_id,
        )
    except Overtaken as error:
        tell_failure(request, user, error)
        raise


def tell_failure(request: HttpRequest, user: User, error: Overtaken) -> None:
    record(
        AuditAction.SIGN_IN_FAILED,
        actor=knocking(request, user.username),
        entity_type="user",
        entity_id=user.pk,
        reason=error.reason,
    )


def leave(request: HttpRequest, sign_in: SignIn) -> None:
    actor = at_door(request, sign_in.user)
    end_sign_in(sign_in, BY_THEMSELVES, actor=actor, action=AuditAction.SIGNED_OUT)


def leave_everywhere(request: HttpRequest, user: User) -> None:
    actor = at_door(request, user)
    end_all_of(user, BY_THEMSELVES, actor=actor, action=AuditAction.SIGNED_OUT)


def at_door(request: HttpRequest, user: User) -> Actor:
    return acting(request, ActorKind.USER, user.pk, user.username, source_of(request))
