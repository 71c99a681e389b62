from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from agentic.oidc.environment import ROLES, group_roles, issuer, redirect_uris
from agentic.roles import Role


def test_the_roles_are_those_that_there_are() -> None:
    assert set(Role.values) == ROLES


@pytest.mark.parametrize(
    "address",
    [
        "https://id.example.org/realms/a",
        "http://127.0.0.1:9000",
        "http://localhost/o",
        "http://[::1]",
    ],
)
def test_an_issuer_that_nobody_can_listen_in_on_is_taken(address: str) -> None:
    assert issuer(address, client_id="us") == address


@pytest.mark.parametrize(
    "address",
    [
        "http://id.example.org",
        "http://127.0.0.1.example.org",
        "id.example.org",
        "ftp://x",
        "https://[",
    ],
)
def test_any_other_issuer_stops_the_start(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="OIDC_ISSUER must be"):
        issuer(address, client_id="us")


def test_without_an_issuer_nothing_is_asked_for() -> None:
    assert issuer("", client_id="") == ""
    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_ID"):
        issuer("https://id.example.org", client_id="")


def test_groups_stand_for_roles() -> None:
    text = " staff = viewer, cn=heads=reviewer,staff=agent_manager,, "
    assert group_roles(text) == {"staff": {"viewer", "agent_manager"}, "cn=heads": {"reviewer"}}


@pytest.mark.parametrize("text", ["staff", "staff=", "=viewer", "staff=superuser", "staff=Admin"])
def test_a_mapping_that_cannot_be_meant_stops_the_start(text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="OIDC_ROLES"):
        group_roles(text)


def test_a_redirect_to_where_others_listen_stops_the_start() -> None:
    good = ["https://app.example.org/cb", "http://127.0.0.1:7777/cb", "org.example.app:/cb"]
    assert redirect_uris(good) == set(good)
    for bad in ("http://app.example.org/cb", "/cb", "https://app.example.org/cb#x"):
        with pytest.raises(ImproperlyConfigured, match="OIDC_REDIRECT_URIS"):
            redirect_uris([bad])
