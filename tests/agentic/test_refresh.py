"""Refresh tokens: each good once; whoever shows a used one ends the sign-in for everybody who holds a part of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from agentic.clock import seconds_from_now
from agentic.models import Audit, RefreshToken, SignIn, User
from agentic.sign_ins import digest_of
from agentic.vocabulary import AuditAction
from tests.conftest import PASSWORD, Api
from tests.decisions.threads import at_once

ON_SQLITE = connection.vendor == "sqlite"
FORM = "application/x-www-form-urlencoded"


def signed_in(name: str = "rita") -> dict[str, Any]:
    answer = Api().post("/auth/token", {"username": name, "password": PASSWORD})
    assert answer.status_code == 200
    pair: dict[str, Any] = answer.json()
    return pair


def refreshed(pair: dict[str, Any], **extra: Any) -> Any:
    return Api().post("/auth/token/refresh", {"refresh_token": pair["refresh_token"]}, **extra)


def is_in(pair: dict[str, Any]) -> bool:
    return bool(Api(pair["access_token"]).get("/auth/me").status_code == 200)


def log(action: AuditAction) -> list[Audit]:
    return list(Audit.objects.filter(action=action.value))


def test_a_refresh_token_gives_a_new_pair_and_both_access_tokens_are_good(reviewer: User) -> None:
    first = signed_in()
    answer = refreshed(first)
    second = answer.json()
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    assert (set(second), second["token_type"], second["expires_in"]) == (set(first), "bearer", 600)
    assert second["refresh_token"] != first["refresh_token"]
    assert is_in(first)
    assert is_in(second)


def test_a_client_of_oauth_may_send_a_form(reviewer: User) -> None:
    said = f"grant_type=refresh_token&refresh_token={signed_in()['refresh_token']}"
    answer = Api().post("/auth/token/refresh", said, content_type=FORM)
    assert answer.status_code == 200


def test_only_its_digest_is_kept_and_it_is_known_by_its_beginning(reviewer: User) -> None:
    secret = signed_in()["refresh_token"]
    kept = RefreshToken.objects.get()
    assert secret.startswith("aar_")
    assert kept.secret_sha256 == digest_of(secret)
    assert secret not in str(RefreshToken.objects.values().get())


def test_a_pair_lasts_a_day_and_a_sign_in_a_month(reviewer: User) -> None:
    signed_in()
    token, sign_in = RefreshToken.objects.get(), SignIn.objects.get()
    near = timedelta(minutes=1)
    assert abs(token.expires_at - timezone.now() - timedelta(hours=24)) < near
    assert abs(sign_in.expires_at - timezone.now() - timedelta(days=30)) < near


def test_refreshing_does_not_prolong_the_sign_in(reviewer: User) -> None:
    first = signed_in()
    SignIn.objects.update(expires_at=seconds_from_now(3600))
    assert refreshed(first).status_code == 200
    newest = RefreshToken.objects.get(used_at__isnull=True)
    assert newest.expires_at == SignIn.objects.get().expires_at


def test_a_used_one_ends_everything_that_came_from_the_sign_in(reviewer: User) -> None:
    first, elsewhere = signed_in(), signed_in()
    second = refreshed(first).json()
    again = refreshed(first, REMOTE_ADDR="192.0.2.66")
    assert (again.status_code, again.json()["code"]) == (401, "not_authenticated")
    assert again["Cache-Control"] == "no-store"
    assert not is_in(first)
    assert not is_in(second)
    assert refreshed(second).status_code == 401
    assert is_in(elsewhere)


def test_and_the_log_says_so_once_with_the_address(reviewer: User) -> None:
    first = signed_in()
    refreshed(first)
    for _ in range(3):
        refreshed(first, REMOTE_ADDR="192.0.2.66")
    [row] = log(AuditAction.SIGN_IN_REVOKED)
    assert (row.ip, row.entity_id, row.actor_kind) == ("192.0.2.66", str(reviewer.pk), "system")
    assert row.reason == SignIn.objects.get().ended_because == "a refresh token was used twice"


@pytest.mark.parametrize("token", ["aar_unknown", "x", "aak_a_b"])
def test_one_that_nobody_was_given_is_refused(db: None, token: str) -> None:
    assert refreshed({"refresh_token": token}).status_code == 401


def test_an_access_token_refreshes_nothing(reviewer: User) -> None:
    pair = signed_in()
    token = pair["access_token"]
    answer = Api().post("/auth/token/refresh", {"refresh_token": token})
    assert answer.status_code in {400, 401}
    assert is_in(pair)


def test_one_that_was_left_for_too_long_is_refused_and_nobody_is_suspected(reviewer: User) -> None:
    pair = signed_in()
    RefreshToken.objects.update(expires_at=seconds_from_now(-1))
    assert refreshed(pair).status_code == 401
    assert is_in(pair)


def test_after_the_end_of_the_sign_in_nothing_is_refreshed(reviewer: User) -> None:
    pair = signed_in()
    SignIn.objects.update(expires_at=seconds_from_now(-1))
    assert refreshed(pair).status_code == 401


def test_whoever_was_deactivated_refreshes_nothing(reviewer: User) -> None:
    pair = signed_in()
    User.objects.update(is_active=False)
    assert refreshed(pair).status_code == 401


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "refresh_token"),
        ({"refresh_token": 1}, "refresh_token"),
        ({"refresh_token": "x" * 500}, "refresh_token"),
        ({"refresh_token": "a\0"}, "refresh_token"),
        ({"refresh_token": "x", "user": "ada"}, "user"),
    ],
)
def test_a_body_that_is_wrong_is_refused_by_field(
    db: None, body: dict[str, Any], field: str
) -> None:
    answer = Api().post("/auth/token/refresh", body)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


def test_who_fears_to_lose_the_answer_asks_again_with_the_same_key(reviewer: User) -> None:
    first = signed_in()
    answers = [refreshed(first, HTTP_IDEMPOTENCY_KEY="k") for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert is_in(answers[1].json())


def test_and_with_another_key_a_used_one_ends_the_sign_in_as_ever(reviewer: User) -> None:
    first = signed_in()
    assert [refreshed(first, HTTP_IDEMPOTENCY_KEY=key).status_code for key in "ab"] == [200, 401]
    assert not is_in(first)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(ON_SQLITE, reason="it has one writer at a time")
def test_of_many_at_once_one_wins_and_no_branch_of_the_family_lives_on(reviewer: User) -> None:
    first = signed_in()
    answers = at_once(*[lambda: refreshed(first)] * 8)
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [200] + [401] * 7
    [winner] = [answer.json() for answer in answers if answer.status_code == 200]
    assert not is_in(winner)
    assert refreshed(winner).status_code == 401
    assert len(log(AuditAction.SIGN_IN_REVOKED)) == 1


class TestLogout:
    def test_it_ends_the_sign_in_of_a_refresh_token(self, reviewer: User) -> None:
        pair, elsewhere = signed_in(), signed_in()
        said = {"refresh_token": pair["refresh_token"]}
        answer = Api().post("/auth/logout", said, REMOTE_ADDR="192.0.2.7")
        assert (answer.status_code, answer.json()) == (200, {"status": "signed_out"})
        assert answer["Cache-Control"] == "no-store"
        assert not is_in(pair)
        assert refreshed(pair).status_code == 401
        assert is_in(elsewhere)
        [row] = log(AuditAction.SIGNED_OUT)
        assert (row.user_id, row.ip) == (reviewer.pk, "192.0.2.7")

    def test_or_of_the_access_token_in_the_header(self, reviewer: User) -> None:
        pair = signed_in()
        assert Api(pair["access_token"]).post("/auth/logout").status_code == 200
        assert not is_in(pair)
        assert refreshed(pair).status_code == 401

    def test_each_signs_out_for_themselves_whatever_key_they_repeat(
        self, reviewer: User, manager: User
    ) -> None:
        for pair in (signed_in("rita"), signed_in("max"), signed_in("rita")):
            caller = Api(pair["access_token"])
            caller.headers["Idempotency-Key"] = "1"
            assert caller.post("/auth/logout").status_code == 200
            assert not is_in(pair)

    def test_to_say_it_again_is_no_error_and_no_second_row(self, reviewer: User) -> None:
        pair = signed_in()
        said = {"refresh_token": pair["refresh_token"]}
        answers = [Api().post("/auth/logout", said) for _ in range(3)]
        answers.append(Api(pair["access_token"]).post("/auth/logout"))
        assert [answer.status_code for answer in answers] == [200] * 4
        assert len(log(AuditAction.SIGNED_OUT)) == 1

    def test_a_used_refresh_token_signs_out_too(self, reviewer: User) -> None:
        first = signed_in()
        second = refreshed(first).json()
        Api().post("/auth/logout", {"refresh_token": first["refresh_token"]})
        assert not is_in(second)

    def test_one_that_is_unknown_is_of_no_use_anyway(self, db: None) -> None:
        assert Api().post("/auth/logout", {"refresh_token": "aar_x"}).status_code == 200

    @pytest.mark.parametrize("bearer", ["", "x", "a.b.c"])
    def test_without_any_token_there_is_nobody_to_sign_out(self, db: None, bearer: str) -> None:
        assert Api(bearer).post("/auth/logout").status_code == 401
