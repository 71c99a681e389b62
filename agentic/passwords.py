"""Sign-in with a name or an e-mail address and a password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from agentic.models import User


class PasswordBackend(ModelBackend):
    """Django's own check, by user name or by an e-mail address that one account alone has."""

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
        if user is None:
            # As slow as a real check: the time must not tell whether a name exists.
            User().set_password(password)
            return None
        return user if user.check_password(password) and self.user_can_authenticate(user) else None


def named(text: str) -> User | None:
    """The name goes first: nobody locks another out by taking their name for an address."""
    found = list(User.objects.filter(username=text)) or list(
        User.objects.filter(email__iexact=text)[:2]
    )
    return found[0] if len(found) == 1 else None
