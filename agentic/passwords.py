"""Sign-in with a name or an e-mail address and a password, at whichever door."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import check_password, make_password
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from agentic.acting import knocking
from agentic.errors import TooMany
from agentic.lock_outs import Attempt, counted, refuse_locked
from agentic.models import User

AT_ONCE = threading.BoundedSemaphore(2)
LONGEST_QUEUE = 5.0  # seconds
UNKNOWN, DIGITS = "unknown:", 12


class PasswordBackend(ModelBackend):
    """Django's own check, by user name or by an e-mail address that one account alone has; failures are counted."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        if not username or not password:
            return None
        user = named(username)
        attempt = Attempt(knocking(request or HttpRequest(), label_of(username, user)), user)
        refuse_locked(attempt)
        with a_few_at_once(), counted(attempt):
            attempt.succeeded = self.is_right(user, password)
        return user if attempt.succeeded else None

    def is_right(self, user: User | None, password: str) -> bool:
        if user is None:
            # As slow as a real check: the time must not tell whether a name exists.
            User().set_password(password)
            return False
        anew = partial(hash_anew, user)
        return check_password(password, user.password, anew) and self.user_can_authenticate(user)


def label_of(name: str, user: User | None) -> str:
    """The name of the account; of a name that no account has a few digits, the same ones each time.

    People type passwords where names belong, and nobody is to read them. Without SECRET_KEY no guess can be checked.
    """
    if user:
        return user.username
    digest = salted_hmac("agentic.unknown_name", name.casefold(), algorithm="sha256").hexdigest()
    return UNKNOWN + digest[:DIGITS]


@contextmanager
def a_few_at_once() -> Iterator[None]:
    """To check a password costs much time and memory by design."""
    if not AT_ONCE.acquire(timeout=LONGEST_QUEUE):
        raise TooMany("Many people are signing in at this moment; try again.")
    try:
        yield
    finally:
        AT_ONCE.release()


def hash_anew(user: User, password: str) -> None:
    """The right password by the hasher of today, but never over one that was set meanwhile, as Django's own does."""
    unchanged = User.objects.filter(pk=user.pk, password=user.password)
    stronger = make_password(password)
    if unchanged.update(password=stronger):
        user.password = stronger


def named(text: str) -> User | None:
    """The name goes first: nobody locks another out by taking their name for an address."""
    found = list(User.objects.filter(username=text)) or list(
        User.objects.filter(email__iexact=text)[:2]
    )
    return found[0] if len(found) == 1 else None
