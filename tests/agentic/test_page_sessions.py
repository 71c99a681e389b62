"""Sessions of browsers belong to sign-ins, and end with them."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agentic.clock import seconds_from_now
from agentic.models import Audit, SignIn, SignInMethod, User
from agentic.page_sessions import SIGN_IN
from agentic.sign_ins import begin_sign_in, end_all_of, end_sign_in, tokens_for
from agentic.vocabulary import AuditAction
from tests.conftest import PASSWORD, Api

BY_PASSWORD, BY_OIDC = "agentic.passwords.PasswordBackend", "agentic.oidc.backend.OidcBackend"
PAGE = "/admin/"


@pytest.fixture
def browser(admin: User, client: Client) -> Client:
    User.objects.filter(pk=admin.pk).update(is_staff=True)
    client.login(username="ada", password=PASSWORD)
    assert is_in(client)
    return client


def is_in(browser: Client) -> bool:
    return browser.get(PAGE).status_code == 200


def test_a_session_carries_its_sign_in(browser: Client, admin: User) -> None:
    sign_in = SignIn.objects.get()
    assert browser.session[SIGN_IN] == str(sign_in.pk)
    assert (sign_in.user, sign_in.method) == (admin, "password")
    [row] = Audit.objects.filter(action=AuditAction.SIGNED_IN.value)
    assert row.user_id == admin.pk


def test_one_by_a_provider_says_so(client: Client, admin: User) -> None:
    client.force_login(admin, backend=BY_OIDC)
    assert SignIn.objects.get().method == "oidc"


def test_it_ends_when_its_sign_in_was_ended_elsewhere(browser: Client) -> None:
    end_sign_in(SignIn.objects.get(), "by a test")
    assert not is_in(browser)
    assert SIGN_IN not in browser.session


def test_it_ends_when_its_sign_in_has_expired(browser: Client) -> None:
    SignIn.objects.update(expires_at=seconds_from_now(-1))
    assert not is_in(browser)


def test_its_end_does_not_end_the_persons_other_sign_ins(browser: Client, admin: User) -> None:
    sign_in = SignIn.objects.get()
    another = begin_sign_in(user=admin, method=SignInMethod.PASSWORD, ip="", user_agent="")
    end_sign_in(sign_in, "by a test")
    assert not is_in(browser)
    assert Api(tokens_for(another)["access_token"]).get("/auth/me").status_code == 200


@pytest.mark.parametrize("kept", [None, "00000000-0000-0000-0000-000000000000"])
def test_one_without_a_sign_in_is_none(browser: Client, kept: str | None) -> None:
    session = browser.session
    session.update({SIGN_IN: kept}) if kept else session.pop(SIGN_IN)
    session.save()
    assert not is_in(browser)


def test_one_with_the_sign_in_of_somebody_else_is_none(browser: Client, viewer: User) -> None:
    other = begin_sign_in(user=viewer, method=SignInMethod.PASSWORD, ip="", user_agent="")
    session = browser.session
    session[SIGN_IN] = str(other.pk)
    session.save()
    assert not is_in(browser)


@pytest.mark.parametrize(
    "key", [r'"\000abcdefghijk"', "'; --abcdefgh", "x" * 5000], ids=["NUL", "quote", "long"]
)
def test_a_cookie_of_anything_is_the_session_of_nobody(db: None, client: Client, key: str) -> None:
    answer = client.get(PAGE, headers={"cookie": f"sessionid={key}"})
    assert answer.status_code == 302
    assert "?next=" in answer["Location"]


def test_a_deactivated_person_is_out_at_the_next_page(browser: Client) -> None:
    User.objects.update(is_active=False)
    assert not is_in(browser)


def test_a_role_taken_away_is_gone_at_the_next_page(browser: Client, admin: User) -> None:
    admin.groups.clear()
    assert browser.get("/admin/agentic/user/").status_code == 403


def test_signing_out_on_a_page_signs_out_of_programs_too(browser: Client, admin: User) -> None:
    pair = Api().post("/auth/token", {"username": "ada", "password": PASSWORD}).json()
    browser.post("/sign-out")
    assert Api(pair["access_token"]).get("/auth/me").status_code == 401
    again = Api().post("/auth/token/refresh", {"refresh_token": pair["refresh_token"]})
    assert again.status_code == 401
    [row] = Audit.objects.filter(action=AuditAction.SIGNED_OUT.value)
    assert (row.user_id, row.told["sign_ins"]) == (admin.pk, 2)


def test_and_only_of_ones_own(browser: Client, reviewer: User) -> None:
    pair = Api().post("/auth/token", {"username": "rita", "password": PASSWORD}).json()
    browser.post("/sign-out")
    assert Api(pair["access_token"]).get("/auth/me").status_code == 200


def test_an_operator_may_end_the_sessions_of_a_person(browser: Client, admin: User) -> None:
    end_all_of(admin, "the laptop was stolen")
    assert not is_in(browser)


def test_who_looks_at_a_page_takes_three_queries(
    browser: Client, django_assert_num_queries: Any
) -> None:
    """The session, the account, and the sign-in with the roles: as many as before there were sign-ins."""
    with django_assert_num_queries(3):
        browser.get("/admin/jsi18n/")
