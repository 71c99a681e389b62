"""Sessions of browsers: each belongs to a sign-in, and ends with it.

Whoever signs out on a page ends all of their sign-ins, in programs too: "signed out" means everywhere.
"""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    SESSION_KEY,
    get_user,
    user_logged_in,
    user_logged_out,
)
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from agentic.authentication import signed_in
from agentic.entering import enter, leave_everywhere
from agentic.errors import NotAuthenticated
from agentic.models import SignInMethod, User

SIGN_IN = "sign_in"  # in a session: the id of its sign-in
NONE = str(UUID(int=0))
BY_PASSWORD = "agentic.passwords.PasswordBackend"  # noqa: S105 - a path, not a secret


class PageSessions(AuthenticationMiddleware):
    """Django's own, with one more question: has the sign-in ended, here or elsewhere?"""

    def process_request(self, request: HttpRequest) -> None:
        key = request.session.session_key
        if key and not is_a_key(key):  # PostgreSQL takes no NUL, not even in a question
            request.session = type(request.session)()
        super().process_request(request)
        person = partial(person_of_session, request.session)
        request.user = SimpleLazyObject(person)  # type: ignore[assignment]
        request.auser = sync_to_async(person)


def is_a_key(text: str) -> bool:
    """Whether it may be the key of a session, as Django makes them."""
    return text.isascii() and text.isalnum()


def person_of_session(session: SessionBase) -> User | AnonymousUser:
    """Whose session it is, with the roles of this moment. One whose sign-in has ended is emptied."""
    if SESSION_KEY not in session:
        return AnonymousUser()
    holder = HttpRequest()
    holder.session = session
    user, known = get_user(holder), signed_in(UUID(session.get(SIGN_IN, NONE)))
    if not isinstance(user, User) or known is None or known.pk != user.pk:
        session.flush()
        return AnonymousUser()
    user.role_names = known.role_names
    return user


@receiver(user_logged_in)
def begin(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    by_password = request.session[BACKEND_SESSION_KEY] == BY_PASSWORD
    method = SignInMethod.PASSWORD if by_password else SignInMethod.OIDC
    try:
        request.session[SIGN_IN] = str(enter(request, user, method).pk)
    except NotAuthenticated:  # nothing is left of it
        request.session.flush()
        request.user = AnonymousUser()
        raise


@receiver(user_logged_out)
def end(sender: Any, request: HttpRequest, user: User | None, **kwargs: Any) -> None:
    if isinstance(user, User):
        leave_everywhere(request, user)
