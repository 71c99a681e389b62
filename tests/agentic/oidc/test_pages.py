"""Sign-in on the pages, with a real provider; only the screen is missing (see tests/e2e for that)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from agentic.models import Audit, SignIn, User
from agentic.vocabulary import AuditAction
from tests.agentic.oidc.conftest import CLIENT_CALLBACK, PAGES
from tests.agentic.oidc.liar import Liar
from tests.conftest import Api
from tests.oidc_provider.browser import sent_back
from tests.oidc_provider.running import RunningProvider

pytestmark = pytest.mark.django_db
CALLBACK = PAGES[0]
HTML = {"Accept": "text/html"}


def come_in(client: Client, name: str, after: str = "") -> Any:
    """The whole way of a person: our button, the provider's form, and back."""
    off = client.get("/oidc/begin", {"next": after} if after else {})
    assert off.status_code == 302, off.content
    back = sent_back(name, off["Location"], CALLBACK)
    return client.get(back.removeprefix("http://testserver"))


def tokens_of(name: str) -> Any:
    begun = Api().get("/auth/oidc/config", redirect_uri=CLIENT_CALLBACK).json()
    back = sent_back(name, begun["authorization_url"], CLIENT_CALLBACK)
    said = {key: value[0] for key, value in parse_qs(urlsplit(back).query).items()}
    assert said["state"] == begun["state"]
    return Api().post("/auth/oidc/callback", said)


def failure(answer: Any, status: int) -> str:
    assert (answer.status_code, answer["Content-Type"][:9]) == (status, "text/html")
    page = answer.content.decode()
    assert "Not signed in" in page
    return str(page)


def test_the_way_to_the_provider_carries_a_challenge(with_real: RunningProvider) -> None:
    asked = parse_qs(urlsplit(Client().get("/oidc/begin")["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert {"state", "nonce", "code_challenge"} <= set(asked)


def test_a_person_signs_in_and_is_what_their_groups_say(with_real: RunningProvider) -> None:
    client = Client()
    answer = come_in(client, "rosa", "/sign-in?x=1")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in?x=1")
    page = client.get("/", headers=HTML, follow=True).content.decode()
    assert "rosa" in page
    assert reverse("reviews") in page
    assert reverse("admin:index") not in page
    assert SignIn.objects.get().method == "oidc"
    assert Audit.objects.filter(action=AuditAction.SIGNED_IN).count() == 1


def test_a_verified_address_finds_its_account(with_real: RunningProvider) -> None:
    known = User.objects.create_user("v", "vito@example.org")
    come_in(Client(), "vito")
    assert User.objects.get() == known


def test_an_unverified_address_takes_over_nobodys_account(
    with_real: RunningProvider, rita: User
) -> None:
    come_in(Client(), "umar")
    assert not rita.oidc_identities.exists()
    assert User.objects.exclude(pk=rita.pk).get().email == ""


def test_a_client_of_the_api_signs_a_person_in(with_real: RunningProvider) -> None:
    answer = tokens_of("olga")
    assert answer.status_code == 200, answer.content
    me = Api(answer.json()["access_token"]).get("/auth/me").json()
    assert (me["name"], me["email"]) == ("olga", "olga@example.org")
    assert "admin" in me["roles"]


def test_whoever_signs_out_is_out_everywhere(with_real: RunningProvider) -> None:
    token = tokens_of("rosa").json()["access_token"]
    client = Client()
    come_in(client, "rosa")
    assert Api(token).get("/auth/me").status_code == 200
    page = client.post("/sign-out").content.decode()
    assert Api(token).get("/auth/me").status_code == 401
    assert "Sign out" not in client.get("/", headers=HTML).content.decode()
    (address,) = re.findall(r'http-equiv="refresh" content="0; url=([^"]+)"', page)
    asked = parse_qs(urlsplit(address.replace("&amp;", "&")).query)
    assert asked["post_logout_redirect_uri"] == [PAGES[1]]
    assert asked["id_token_hint"]


def test_an_account_made_inactive_is_out_and_stays_out(with_real: RunningProvider) -> None:
    client = Client()
    come_in(client, "rosa")
    User.objects.update(is_active=False)
    assert "Sign in" in client.get("/", headers=HTML).content.decode()
    assert "not active" in failure(come_in(Client(), "rosa"), 403)
    assert tokens_of("rosa").status_code == 403


def test_an_answer_that_was_used_is_refused(with_real: RunningProvider) -> None:
    client = Client()
    back = sent_back("rosa", client.get("/oidc/begin")["Location"], CALLBACK)
    path = back.removeprefix("http://testserver")
    assert client.get(path).status_code == 302
    assert "Begin again" in failure(client.get(path), 400)


def test_an_answer_in_another_browser_is_refused(with_real: RunningProvider) -> None:
    """Otherwise somebody could sign you in as themselves, and read what you do then."""
    back = sent_back("rosa", Client().get("/oidc/begin")["Location"], CALLBACK)
    path = back.removeprefix("http://testserver")
    other = Client()
    other.get("/oidc/begin")
    failure(Client().get(path), 400)
    failure(other.get(path), 400)
    assert not User.objects.exists()


def test_an_answer_after_ten_minutes_is_refused(with_real: RunningProvider) -> None:
    client = Client()
    back = sent_back("rosa", client.get("/oidc/begin")["Location"], CALLBACK)
    session = client.session
    for state in session["oidc_states"].values():
        state["added_on"] -= 601
    session.save()
    failure(client.get(back.removeprefix("http://testserver")), 400)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 403),
        ({"code": "c"}, 403),
        ({"code": "c", "state": "s"}, 403),
        ({"code": "c", "state": "s", "iss": "https://x.example"}, 403),
        ({"error": "access_denied", "error_description": "<b>call 555"}, 403),
    ],
)
def test_an_odd_answer_is_a_page(
    with_real: RunningProvider, query: dict[str, str], status: int
) -> None:
    """This provider promises to say who it is; whoever does not is not it."""
    assert "555" not in failure(Client().get("/oidc/callback", query), status)
    assert Audit.objects.get().action == AuditAction.SIGN_IN_FAILED


@pytest.mark.parametrize(
    "query", [{}, {"code": "c"}, {"code": "c", "state": "s\0"}, {"state": "s"}]
)
def test_an_answer_that_nobody_asked_for_is_a_page(liar: Liar, query: dict[str, str]) -> None:
    failure(Client().get("/oidc/callback", query), 400)


def test_a_refusal_by_the_provider_signs_nobody_out(liar: Liar, rita: User) -> None:
    client = Client()
    client.post("/sign-in", {"username": "rita", "password": "a long enough passphrase"})
    failure(client.get("/oidc/callback", {"error": "access_denied"}), 403)
    assert "Welcome, rita" in client.get("/", headers=HTML).content.decode()


@pytest.mark.parametrize("claims", [{"aud": "them"}, {"nonce": "n"}, {"exp": 1}], ids=str)
def test_a_forged_token_is_a_page(liar: Liar, claims: dict[str, Any]) -> None:
    client = Client()
    asked = parse_qs(urlsplit(client.get("/oidc/begin")["Location"]).query)
    liar.nonce, liar.claims = asked["nonce"][0], claims
    answer = client.get("/oidc/callback", {"code": "c", "state": asked["state"][0]})
    assert "not accepted" in failure(answer, 403)
    assert not User.objects.exists()


def test_without_a_provider_there_is_no_such_page(db: None) -> None:
    for page in ("/oidc/begin", "/oidc/callback?code=c&state=s"):
        assert "No identity provider" in failure(Client().get(page), 404)
    assert "Sign in with" not in Client().get("/sign-in").content.decode()


def test_the_sign_in_page_offers_the_provider(liar: Liar) -> None:
    page = Client().get("/sign-in", {"next": "/api/docs?a=1&b=2"}).content.decode()
    assert "Sign in with 127.0.0.1" in page
    assert 'href="/oidc/begin?next=%2Fapi%2Fdocs%3Fa%3D1%26b%3D2"' in page
    assert liar.asked == []
