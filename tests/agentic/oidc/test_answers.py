"""The calls of the API, against a provider that answers wrongly: never an accident, never a sign-in."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from agentic.models import Audit, OidcRequest, User
from agentic.oidc.provider import provider_at
from agentic.vocabulary import AuditAction
from tests.agentic.oidc.conftest import CLIENT_CALLBACK
from tests.agentic.oidc.liar import Liar, listed
from tests.conftest import Api
from tests.oidc_provider.running import CLIENT_ID

pytestmark = pytest.mark.django_db


def config(**query: str) -> Any:
    return Api().get("/auth/oidc/config", **query)


def begun(liar: Liar) -> str:
    """The state of a sign-in that was begun; the provider knows its nonce."""
    answer = config(redirect_uri=CLIENT_CALLBACK).json()
    liar.nonce = parse_qs(urlsplit(answer["authorization_url"]).query)["nonce"][0]
    return str(answer["state"])


def callback(state: str, code: str = "c", **more: Any) -> Any:
    return Api().post("/auth/oidc/callback", {"code": code, "state": state, **more})


def failed(answer: Any, status: int, code: str) -> None:
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["code"] == code
    assert not User.objects.exists()


def test_without_a_provider_it_says_so(db: None) -> None:
    answer = config()
    assert (answer.status_code, answer.json()["enabled"]) == (200, False)
    assert "name and password" in answer.json()["message"]
    failed(callback("s"), 404, "not_found")


def test_it_tells_a_client_where_to_go(liar: Liar) -> None:
    assert config().json() == {
        "enabled": True,
        "issuer": liar.url,
        "authorization_endpoint": f"{liar.url}/authorize",
        "client_id": CLIENT_ID,
    }


def test_it_begins_a_sign_in_with_all_that_makes_it_safe(liar: Liar) -> None:
    answer = config(redirect_uri=CLIENT_CALLBACK)
    asked = parse_qs(urlsplit(answer.json()["authorization_url"]).query)
    assert (asked["response_type"], asked["code_challenge_method"]) == (["code"], ["S256"])
    assert asked["state"] == [answer.json()["state"]]
    kept = OidcRequest.objects.get()
    assert asked["nonce"] == [kept.nonce]
    assert kept.code_verifier not in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize("uri", ["https://evil.example/cb", CLIENT_CALLBACK + "/", "x\0"])
def test_it_sends_nobody_to_an_address_that_is_not_listed(liar: Liar, uri: str) -> None:
    answer = config(redirect_uri=uri)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["redirect_uri"])


def test_a_true_answer_gives_tokens(liar: Liar) -> None:
    answer = callback(begun(liar))
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert answer["Cache-Control"] == "no-store"
    me = Api(answer.json()["access_token"]).get("/auth/me").json()
    assert me["roles"] == ["viewer"]


def test_the_verifier_of_the_challenge_goes_to_the_provider(liar: Liar) -> None:
    state = begun(liar)
    verifier = OidcRequest.objects.get().code_verifier
    callback(state, "the code")
    assert liar.form == {
        "grant_type": "authorization_code",
        "code": "the code",
        "redirect_uri": CLIENT_CALLBACK,
        "code_verifier": verifier,
    }


def test_a_state_is_good_once(liar: Liar) -> None:
    state = begun(liar)
    assert callback(state).status_code == 200
    again = callback(state)
    assert (again.status_code, again.json()["code"]) == (400, "unknown_state")
    assert not Audit.objects.filter(action=AuditAction.SIGN_IN_FAILED).exists()


def test_a_state_that_failed_is_used_up_too(liar: Liar) -> None:
    state, liar.claims = begun(liar), {"aud": "them"}
    failed(callback(state), 401, "sign_in_refused")
    liar.claims = {}
    failed(callback(state), 400, "unknown_state")


def test_a_state_ends_after_ten_minutes(liar: Liar) -> None:
    state = begun(liar)
    OidcRequest.objects.update(expires_at="2020-01-01T00:00:00Z")
    failed(callback(state), 400, "unknown_state")
    begun(liar)
    assert OidcRequest.objects.count() == 1


@pytest.mark.parametrize(
    "claims",
    [{"aud": "them"}, {"iss": "https://x.example"}, {"nonce": "n"}, {"exp": 1}, {"azp": "them"},
     {"sub": "x\0"}, {"sub": "\ud800"}, {"sub": "s" * 256}, {"sub": ""}, {"sub": "s-2"}],
    ids=str,
)  # fmt: skip
def test_a_token_for_another_is_refused_and_written_down(
    liar: Liar, claims: dict[str, Any]
) -> None:
    state, liar.claims = begun(liar), claims
    failed(callback(state), 401, "sign_in_refused")
    audit = Audit.objects.get()
    assert audit.action == AuditAction.SIGN_IN_FAILED
    assert audit.reason.startswith(("id token: ", "userinfo: "))


def test_a_token_by_another_key_is_refused(liar: Liar) -> None:
    state, liar.signed_with = begun(liar), "another"
    failed(callback(state), 401, "sign_in_refused")


def test_userinfo_of_somebody_else_is_refused(liar: Liar) -> None:
    state, liar.userinfo = begun(liar), {"sub": "s-2", "email": "rita@example.org"}
    failed(callback(state), 401, "sign_in_refused")
    assert Audit.objects.get().reason == "userinfo: tells of somebody else"


def test_an_address_and_its_proof_come_from_the_same_document(liar: Liar, rita: User) -> None:
    state = begun(liar)
    liar.claims, liar.userinfo = {"email": rita.email}, {"email": "x@x.org", "email_verified": True}
    assert callback(state).status_code == 200
    assert not rita.oidc_identities.exists()


@pytest.mark.parametrize("word", ["true", 1, None, "yes", [True]])
def test_only_a_plain_true_is_a_proof(liar: Liar, rita: User, word: object) -> None:
    state = begun(liar)
    liar.userinfo = {"email": rita.email, "email_verified": word}
    assert callback(state).status_code == 200
    assert not rita.oidc_identities.exists()


def test_odd_texts_about_a_person_are_no_accident(liar: Liar) -> None:
    state = begun(liar)
    odd = {"given_name": "\ud800R\0ita\n", "preferred_username": ["x"], "groups": {"a": 1}}
    liar.claims = odd | {"family_name": "R" * 500, "email_verified": True, "email": "r\0@x.org"}
    assert callback(state).status_code == 200
    user = User.objects.get()
    assert (user.first_name, user.last_name, user.email) == ("Rita", "R" * 150, "")


DOWN = [
    (500, {}),
    (503, b"<html>"),
    b"",
    b"[]",
    b"\xff",
    b"[" * 100_000,
    b'{"a": "' + b"x" * 600_000 + b'"}',
]


@pytest.mark.parametrize("path", ["/token", "/userinfo", "/keys"])
@pytest.mark.parametrize("said", DOWN, ids=lambda said: str(said)[:20])
def test_a_provider_that_is_broken_is_a_502(liar: Liar, path: str, said: Any) -> None:
    state, liar.said[path] = begun(liar), said
    failed(callback(state), 502, "provider_unavailable")


@pytest.mark.parametrize("tokens", [{}, {"id_token": 1, "access_token": "a"}, {"id_token": "a"}])
def test_an_answer_without_tokens_is_refused(liar: Liar, tokens: Any) -> None:
    state, liar.said["/token"] = begun(liar), tokens
    failed(callback(state), 401, "sign_in_refused")


def test_a_code_that_the_provider_does_not_take_is_refused(liar: Liar) -> None:
    state, liar.said["/token"] = begun(liar), (400, {"error": "invalid_grant"})
    failed(callback(state), 401, "sign_in_refused")


@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://x.example"},
        {"token_endpoint": "http://x.example/token"},
        {"jwks_uri": 5},
    ],
    ids=str,
)
def test_a_discovery_document_that_is_not_to_be_trusted_is_not_used(
    liar: Liar, changed: dict[str, Any]
) -> None:
    liar.said["/.well-known/openid-configuration"] |= changed
    for _ in range(3):
        failed(config(), 502, "provider_unavailable")
    assert len(liar.asked) == 1  # and whoever asks again at once does not wait for it


def test_a_provider_that_is_not_there_breaks_nothing_else(enabled: Any, rita: User) -> None:
    enabled.OIDC_ISSUER = "http://127.0.0.1:1"
    assert config().status_code == 502
    credentials = {"username": "rita", "password": "a long enough passphrase"}
    assert Api().post("/auth/token", credentials).status_code == 200
    assert Client().get("/sign-in").status_code == 200
    page = Client().get("/oidc/begin")
    assert (page.status_code, page["Content-Type"][:9]) == (502, "text/html")
    assert "does not answer" in page.content.decode()


def test_keys_are_kept_and_an_unknown_one_is_looked_for_once_a_minute(liar: Liar) -> None:
    assert callback(begun(liar)).status_code == 200
    liar.kid = "new"
    for _ in range(3):
        assert callback(begun(liar)).status_code == 401
    assert liar.asked.count("/keys") == 1
    kept = provider_at(liar.url).kept_keys
    kept.fetched_at -= 61
    liar.said["/keys"] = {"keys": [listed("real"), listed("real", kid="new")]}
    assert callback(begun(liar)).status_code == 200
    assert liar.asked.count("/keys") == 2


def test_an_answer_of_another_issuer_is_refused(liar: Liar) -> None:
    state = begun(liar)
    failed(callback(state, iss="https://x.example"), 401, "sign_in_refused")
    assert callback(state, iss=liar.url).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "code"),
        ({"code": "c"}, "state"),
        ({"code": "c", "state": ""}, "state"),
        ({"code": "c\0", "state": "s"}, "code"),
        ({"code": "c", "state": 5}, "state"),
        ({"code": "c", "state": "s", "redirect_uri": "x"}, "redirect_uri"),
    ],
)
def test_a_body_that_is_wrong_is_refused_by_field(liar: Liar, body: Any, field: str) -> None:
    answer = Api().post("/auth/oidc/callback", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_nothing_secret_is_logged_or_written_down(
    liar: Liar, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG", logger="agentic"):
        state = begun(liar)
        token = liar.id_token()
        callback(state, "the-code-itself")
        callback(state, "the-code-itself")
    told = caplog.text + "".join(audit.details + audit.reason for audit in Audit.objects.all())
    assert not [word for word in (state, "the-code-itself", token) if word in told]


def test_an_answer_is_repeated_for_the_same_key(liar: Liar) -> None:
    """A client that lost the answer gets the same tokens; the state stays used up for everybody else."""
    state, api = begun(liar), Api()
    api.headers = {"Idempotency-Key": "k-1"}
    answers = [api.post("/auth/oidc/callback", {"code": "c", "state": state}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert callback(state).status_code == 400
