"""A person at a door, with a request in hand: a sign-in begins or ends, and the log says from where."""

from __future__ import annotations

from django.http import HttpRequest

from agentic.acting import acting, source_of
from agentic.actors import Actor, ActorKind
from agentic.models import SignIn, SignInMethod, User
from agentic.sign_ins import SIGNED_OUT, begin_sign_in, end_all_of, end_sign_in


def enter(request: HttpRequest, user: User, method: SignInMethod) -> SignIn:
    """For somebody who has just proved who they are."""
    actor = at_door(request, user)
    return begin_sign_in(
        user=user,
        method=method,
        ip=actor.ip,
        user_agent=request.headers.get("User-Agent", ""),
        source=actor.source,
        correlation_id=actor.correlation_id,
    )


def leave(request: HttpRequest, sign_in: SignIn) -> None:
    end_sign_in(sign_in, SIGNED_OUT, actor=at_door(request, sign_in.user))


def leave_everywhere(request: HttpRequest, user: User) -> None:
    end_all_of(user, SIGNED_OUT, actor=at_door(request, user))


def at_door(request: HttpRequest, user: User) -> Actor:
    return acting(request, ActorKind.USER, user.pk, user.username, source_of(request))
