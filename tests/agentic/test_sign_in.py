from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher

from agentic.models import User
from tests.conftest import PASSWORD, Api

ClientFor = Callable[[User | str | None], Api]
FORM = "application/x-www-form-urlencoded"


def ask(username: str, password: str = PASSWORD) -> Any:
    return Api().post("/auth/token", {"username": username, "password": password})


def test_a_token_is_given_for_a_form(reviewer: User) -> None:
    form = "grant_type=password&username=rita&password=a+long+enough%20passphrase&scope="
    answer = Api().post("/auth/token", form, content_type=FORM)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert set(answer.json()) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
    }
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("bearer", 600)


@pytest.mark.parametrize("name", ["rita", "rita@example.org", "RITA@example.org"])
def test_a_token_is_given_for_json_by_name_or_address(reviewer: User, name: str) -> None:
    token = ask(name).json()["access_token"]
    assert Api(token).get("/auth/me").json() == {
        "id": str(reviewer.pk),
        "email": "rita@example.org",
        "name": "rita",
        "roles": ["reviewer", "viewer"],
        "is_active": True,
    }


def test_a_name_is_stronger_than_an_address_that_looks_like_it(reviewer: User) -> None:
    User.objects.create_user("mallory", "rita", "another passphrase")
    assert ask("rita").status_code == 200


def test_an_address_that_two_accounts_have_signs_in_neither(reviewer: User) -> None:
    User.objects.create_user("rita2", reviewer.email, PASSWORD)
    assert ask(reviewer.email).status_code == 401


def test_a_wrong_name_and_a_wrong_password_look_alike(reviewer: User) -> None:
    answers = [ask("rita", "wrong"), ask("nobody", "wrong")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0]["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("name", ["rita", "nobody"])
def test_a_wrong_name_costs_as_many_hashes_as_a_wrong_password(
    reviewer: User, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    hashes = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashes.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    ask(name, "wrong")
    assert hashes == ["wrong"]


def test_an_inactive_account_does_not_sign_in(reviewer: User) -> None:
    User.objects.update(is_active=False)
    assert ask("rita").status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "username"),
        ({"username": "rita"}, "password"),
        ({"username": "", "password": "x"}, "username"),
        ({"username": "rita", "password": ["x"]}, "password"),
        ({"username": "a\0", "password": "x"}, "username"),
        ({"username": "rita", "password": "x\0"}, "password"),
        ({"username": "rita", "password": "x", "admin": True}, "admin"),
        ({"username": "rita", "password": "x" * 5000}, "password"),
    ],
)
def test_a_body_that_is_wrong_is_refused_by_field(
    db: None, body: dict[str, Any], field: str
) -> None:
    answer = Api().post("/auth/token", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ("", "username"),
        ("username=rita", "password"),
        ("username=%00&password=x", "username"),
        ("username=%ff", "body"),
        ("a=1&" * 50, "body"),
    ],
)
def test_a_form_that_is_wrong_is_refused_by_field(db: None, form: str, field: str) -> None:
    answer = Api().post("/auth/token", form, content_type=FORM)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_a_form_in_an_odd_encoding_is_no_accident(reviewer: User) -> None:
    kind = f"{FORM}; charset=base64"
    answer = Api().client.generic("POST", "/api/v1/auth/token", b"username=rita&password=x", kind)
    assert answer.status_code == 401


@pytest.mark.parametrize("password", ["a wrong passphrase", PASSWORD])
def test_no_password_is_ever_logged(
    reviewer: User, caplog: pytest.LogCaptureFixture, password: str
) -> None:
    with caplog.at_level(logging.DEBUG):
        ask("rita", password)
    assert password not in caplog.text


def test_anybody_who_is_signed_in_may_see_who_they_are(
    client_for: ClientFor, stranger: User
) -> None:
    answer = client_for(stranger).get("/auth/me")
    assert (answer.status_code, answer.json()["roles"]) == (200, [])


def test_an_agent_is_not_a_person(client_for: ClientFor, agent_key: str) -> None:
    assert client_for(agent_key).get("/auth/me").status_code == 403


def test_a_role_taken_away_is_gone_at_the_next_call(client_for: ClientFor, reviewer: User) -> None:
    api = client_for(reviewer)
    reviewer.groups.clear()
    assert api.get("/auth/me").json()["roles"] == []


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer a b", "Basic cml0YTp4", "Bearer x", "Bearer a.b.c", "Bearer \xff"]
)
def test_a_header_that_is_no_token_is_401(db: None, header: str) -> None:
    api = Api()
    api.headers = {"Authorization": header}
    answer = api.get("/auth/me")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")
