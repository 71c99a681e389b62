"""Two providers: a real one in a process of its own, and one in this process that lies as it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group

from agentic.models import User
from agentic.roles import Role
from tests.agentic.oidc.liar import Liar
from tests.oidc_provider.running import CLIENT_ID, CLIENT_SECRET, RunningProvider, provider_for

CLIENT_CALLBACK = "http://127.0.0.1:9/callback"  # of a program that uses the API
PAGES = ["http://testserver/oidc/callback", "http://testserver/sign-in"]


@pytest.fixture(scope="session")
def real_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProvider]:
    folder = tmp_path_factory.mktemp("provider")
    with provider_for(folder, [CLIENT_CALLBACK, *PAGES]) as running:
        yield running


@pytest.fixture
def roles(db: None) -> None:
    """Made where missing: a test with real transactions has emptied the table."""
    for role in Role:
        Group.objects.get_or_create(name=role.value)


@pytest.fixture
def enabled(settings: Any, roles: None) -> Any:
    settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.OIDC_REDIRECT_URIS = frozenset({CLIENT_CALLBACK})
    settings.OIDC_ROLES = {"reviewers": {"reviewer"}, "platform-admins": {"admin"}}
    return settings


@pytest.fixture
def with_real(enabled: Any, real_provider: RunningProvider) -> RunningProvider:
    enabled.OIDC_ISSUER = real_provider.issuer
    return real_provider


@pytest.fixture
def liar(enabled: Any) -> Iterator[Liar]:
    with Liar() as provider:
        enabled.OIDC_ISSUER = provider.url
        yield provider


@pytest.fixture
def rita(db: None) -> User:
    """Somebody with an account and an address, and with no identity anywhere yet."""
    return User.objects.create_user("rita", "rita@example.org", "a long enough passphrase")
