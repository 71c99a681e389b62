"""The cast before the pages."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from agentic.models import User
from tests.decisions.conftest import as_stated, floor

__all__ = ["as_stated", "floor"]
Browse = Callable[[User], Client]


@pytest.fixture
def browse(db: None) -> Browse:
    """`browse(person)` is the browser of somebody who has signed in."""

    def sign_in(person: User) -> Client:
        browser = Client(raise_request_exception=False)
        browser.force_login(person, backend="agentic.passwords.PasswordBackend")
        return browser

    return sign_in
