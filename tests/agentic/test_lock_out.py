"""Lock-out: after too many failures nobody gets in for a while, by whichever door, and others are left alone."""

from __future__ import annotations

import logging
import re
import threading
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client

from agentic import lock_outs, passwords
from agentic.clock import seconds_from_now
from agentic.lock_outs import address_key
from agentic.models import Audit, FailedSignIns, User
from agentic.vocabulary import AuditAction
from tests.conftest import PASSWORD, Api
from tests.decisions.threads import at_once

ON_SQLITE = connection.vendor == "sqlite"
HERE, THERE = "192.0.2.1", "198.51.100.2"


@pytest.fixture(autouse=True)
def limits(settings: Any) -> None:
    settings.SIGN_IN_FAILURES_PER_ACCOUNT = 3
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 6


def ask(name: str, password: str = PASSWORD, ip: str = HERE, **extra: Any) -> Any:
    said = {"username": name, "password": password}
    return Api().post("/auth/token", said, REMOTE_ADDR=ip, **extra)


def statuses(*asked: Any) -> list[int]:
    return [answer.status_code for answer in asked]


def fail(times: int, name: str = "rita", ip: str = HERE) -> list[int]:
    return statuses(*(ask(name, "wrong", ip) for _ in range(times)))


def log(action: AuditAction) -> list[Audit]:
    return list(Audit.objects.filter(action=action.value))


@pytest.fixture
def hashes(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were looked at."""
    seen: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        seen.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return seen


class TestAnAccount:
    def test_the_right_password_does_not_help_once_it_is_locked(self, reviewer: User) -> None:
        assert fail(3) == [401, 401, 401]
        answer = ask("rita")
        assert (answer.status_code, answer.json()["code"]) == (429, "locked_out")
        assert answer["Content-Type"] == "application/problem+json"
        assert 890 <= int(answer["Retry-After"]) <= 900
        assert answer["Cache-Control"] == "no-store"

    def test_it_is_locked_from_everywhere_and_under_each_of_its_names(self, reviewer: User) -> None:
        fail(1, "rita", HERE)
        fail(1, "rita@example.org", THERE)
        fail(1, "RITA@Example.org", "203.0.113.3")
        names = ("rita", "rita@example.org")
        assert statuses(*(ask(name, ip="203.0.113.4") for name in names)) == [429, 429]

    def test_other_accounts_are_not(self, reviewer: User, manager: User) -> None:
        fail(3)
        assert ask("max").status_code == 200

    def test_who_is_signed_in_stays_so(self, reviewer: User) -> None:
        pair = ask("rita").json()
        fail(3)
        assert Api(pair["access_token"]).get("/auth/me").status_code == 200
        said = {"refresh_token": pair["refresh_token"]}
        assert Api().post("/auth/token/refresh", said).status_code == 200

    def test_a_name_that_nobody_has_is_locked_likewise(self, db: None) -> None:
        """So that nobody learns which names there are."""
        assert fail(4, "nobody") == [401, 401, 401, 429]
        assert fail(1, "NoBody") == [429]
        assert "nobody" not in str(FailedSignIns.objects.values_list("who", flat=True))

    def test_a_success_forgets_the_failures(self, reviewer: User) -> None:
        assert [fail(2), statuses(ask("rita"))] == [[401, 401], [200]]
        assert fail(3) == [401, 401, 401]

    def test_after_a_while_it_opens_again(self, reviewer: User) -> None:
        fail(3)
        FailedSignIns.objects.update(expires_at=seconds_from_now(-1))
        assert ask("rita").status_code == 200
        assert fail(4) == [401, 401, 401, 429]

    def test_what_is_tried_meanwhile_does_not_prolong_it(self, reviewer: User) -> None:
        fail(3)
        before = list(FailedSignIns.objects.order_by("pk").values())
        fail(3)
        assert list(FailedSignIns.objects.order_by("pk").values()) == before

    def test_the_lock_begins_with_the_last_failure(self, reviewer: User) -> None:
        fail(2)
        FailedSignIns.objects.update(expires_at=seconds_from_now(5))
        fail(1)
        assert int(ask("rita")["Retry-After"]) > 890

    def test_no_password_is_looked_at_while_it_is_locked(
        self, reviewer: User, hashes: list[str]
    ) -> None:
        fail(3)
        hashes.clear()
        fail(5)
        ask("rita")
        assert hashes == []

    def test_an_inactive_account_is_counted_like_any_other(self, reviewer: User) -> None:
        User.objects.update(is_active=False)
        assert statuses(*(ask("rita") for _ in range(4))) == [401, 401, 401, 429]


class TestAnAddress:
    def test_after_too_many_failures_with_whatever_names_it_is_locked(self, reviewer: User) -> None:
        assert [fail(1, f"name-{n}") for n in range(6)] == [[401]] * 6
        answer = ask("rita")
        assert (answer.status_code, "Retry-After" in answer) == (429, True)
        assert ask("rita", ip=THERE).status_code == 200

    def test_a_success_in_between_does_not_reset_it(self, reviewer: User) -> None:
        for n in range(6):
            fail(1, f"name-{n}")
            if n < 5:
                assert ask("rita").status_code == 200
        assert ask("rita").status_code == 429

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("fe80::1%eth0", "fe80::2"),
        ],
    )
    def test_the_addresses_of_one_customer_are_one(self, one: str, other: str) -> None:
        assert address_key(one) == address_key(other)

    def test_those_of_two_are_two(self) -> None:
        assert address_key("2001:db8:1:2::1") != address_key("2001:db8:1:3::1")


class TestProxies:
    """X-Forwarded-For is what anybody may write; only what our own proxies add is believed."""

    def asked(self, forwarded: str, name: str, password: str = "wrong") -> int:
        answer = ask(name, password, "10.0.0.1", HTTP_X_FORWARDED_FOR=forwarded)
        return int(answer.status_code)

    def test_without_proxies_the_header_evades_nothing(self, reviewer: User) -> None:
        for n in range(6):
            self.asked(f"203.0.113.{n}", f"name-{n}")
        assert self.asked("203.0.113.9", "rita", PASSWORD) == 429

    def test_behind_one_it_evades_nothing_either(self, reviewer: User, settings: Any) -> None:
        settings.NUM_PROXIES = 1
        for n in range(6):
            self.asked(f"203.0.113.{n}, {HERE}", f"name-{n}")
        assert self.asked(f"203.0.113.9, {HERE}", "rita", PASSWORD) == 429

    @pytest.mark.parametrize("proxies", [0, 1])
    def test_nobody_locks_another_out_by_writing_their_address(
        self, reviewer: User, settings: Any, proxies: int
    ) -> None:
        settings.NUM_PROXIES = proxies
        for n in range(6):
            self.asked(f"{THERE}, {HERE}", f"name-{n}")
        assert ask("rita", ip=THERE, HTTP_X_FORWARDED_FOR=THERE).status_code == 200

    def test_people_behind_one_proxy_are_counted_apart(self, reviewer: User, settings: Any) -> None:
        settings.NUM_PROXIES = 1
        for n in range(6):
            self.asked(HERE, f"name-{n}")
        assert self.asked(THERE, "rita", PASSWORD) == 200


class TestTheLog:
    def test_each_failure_is_a_row_with_the_name_and_no_password(self, reviewer: User) -> None:
        ask("rita", "a secret guess")
        [row] = log(AuditAction.SIGN_IN_FAILED)
        assert (row.actor_label, row.user_id, row.entity_id) == ("rita", None, str(reviewer.pk))
        assert (row.ip, row.source) == (HERE, "api")
        assert "secret" not in str(Audit.objects.values())

    def test_a_name_that_nobody_has_is_not_readable_for_it_may_be_a_password(
        self, db: None, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            for name in ("hunter2", "Hunter2", "hunter3", "x" * 320):
                ask(name, "wrong")
        labels = [row.actor_label for row in log(AuditAction.SIGN_IN_FAILED)]
        assert all(re.fullmatch("unknown:[0-9a-f]{12}", label) for label in labels)
        assert labels[0] == labels[1]
        assert len(set(labels)) == 3
        kept = [*Audit.objects.values(), *FailedSignIns.objects.values(), caplog.text]
        assert "hunter" not in str(kept).lower()

    def test_nor_can_it_be_guessed_without_the_key(self, db: None, settings: Any) -> None:
        ask("hunter2", "wrong")
        settings.SECRET_KEY = "another key, of which nobody knows anything"
        ask("hunter2", "wrong")
        first, second = log(AuditAction.SIGN_IN_FAILED)
        assert first.actor_label != second.actor_label

    def test_a_lock_is_one_row_and_what_comes_after_is_none(self, reviewer: User) -> None:
        fail(10)
        assert len(log(AuditAction.SIGN_IN_FAILED)) == 3
        [row] = log(AuditAction.SIGN_IN_LOCKED)
        assert (row.entity_type, row.entity_id, row.ip) == ("user", str(reviewer.pk), HERE)

    def test_an_address_that_is_locked_is_named(self, db: None) -> None:
        for n in range(8):
            fail(1, f"name-{n}")
        [row] = log(AuditAction.SIGN_IN_LOCKED)
        assert (row.entity_type, row.entity_id) == ("address", HERE)

    def test_success_is_written_too(self, reviewer: User) -> None:
        ask("rita")
        [row] = log(AuditAction.SIGNED_IN)
        assert (row.user_id, row.ip, row.told["method"]) == (reviewer.pk, HERE, "password")
        assert not log(AuditAction.SIGN_IN_FAILED)


class TestPages:
    def said(self, client: Client, password: str) -> Any:
        return client.post("/sign-in", {"username": "ada", "password": password}, REMOTE_ADDR=HERE)

    def test_they_count_and_lock_as_the_api_does(self, client: Client, admin: User) -> None:
        for _ in range(3):
            self.said(client, "wrong")
        answer = self.said(client, PASSWORD)
        assert (answer.status_code, int(answer["Retry-After"]) > 890) == (429, True)
        assert "Too many sign-ins have failed" in answer.content.decode()
        assert ask("ada", ip=THERE).status_code == 429
        assert {row.source for row in log(AuditAction.SIGN_IN_FAILED)} == {"web"}

    def test_the_admin_site_has_no_way_in_of_its_own(self, client: Client, admin: User) -> None:
        for _ in range(3):
            self.said(client, "wrong")
        said = {"username": "ada", "password": PASSWORD}
        client.post("/admin/login/?next=/admin/", said, follow=True, REMOTE_ADDR=THERE)
        assert client.get("/admin/").status_code == 302


class TestManyAtOnce:
    @pytest.fixture
    def together(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """As many processes as there are guesses: nothing but the counters holds them back."""
        monkeypatch.setattr(passwords, "AT_ONCE", threading.BoundedSemaphore(50))

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.usefixtures("together")
    @pytest.mark.skipif(ON_SQLITE, reason="it has one writer at a time")
    def test_of_twenty_guesses_no_more_are_looked_at_than_may_fail(
        self, reviewer: User, hashes: list[str]
    ) -> None:
        answers = at_once(*[lambda: ask("rita", "wrong").status_code] * 20)
        assert set(answers) == {401, 429}
        assert hashes.count("wrong") == answers.count(401) <= 3
        fail(3)
        assert hashes.count("wrong") == 3
        assert len(log(AuditAction.SIGN_IN_FAILED)) == 3
        assert len(log(AuditAction.SIGN_IN_LOCKED)) == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.usefixtures("together")
    @pytest.mark.skipif(ON_SQLITE, reason="it has one writer at a time")
    def test_with_many_names_at_once_the_address_is_counted_right(
        self, hashes: list[str], settings: Any
    ) -> None:
        answers = [one for [one] in at_once(*(partial(fail, 1, f"name-{n}") for n in range(20)))]
        assert hashes.count("wrong") == answers.count(401) <= 6
        assert not FailedSignIns.objects.exclude(checking=0).exists()

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.usefixtures("together")
    @pytest.mark.skipif(ON_SQLITE, reason="it has one writer at a time")
    def test_right_passwords_at_once_lock_nobody_out(self, reviewer: User) -> None:
        answers = at_once(*[lambda: ask("rita")] * 10)
        assert {answer.status_code for answer in answers} <= {200, 429}
        assert {int(one["Retry-After"]) for one in answers if one.status_code == 429} <= {1}
        assert ask("rita").status_code == 200
        assert not log(AuditAction.SIGN_IN_LOCKED)

    def test_a_place_is_given_back_when_the_look_breaks_off(
        self, reviewer: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*args: Any) -> bool:
            raise MemoryError

        with monkeypatch.context() as patch:
            patch.setattr(passwords, "check_password", broken)
            assert ask("rita").status_code == 500
        assert not FailedSignIns.objects.exclude(checking=0).exists()
        assert ask("rita").status_code == 200

    def test_a_counter_that_was_just_cleaned_away_is_made_anew(self, db: None) -> None:
        key = address_key(HERE)
        [row] = lock_outs.locked([key])
        assert (row.who, row.failures, row.checking) == (key, 0, 0)


class TestIdempotencyKeys:
    """An answer that is kept opens no side door."""

    def test_no_failure_goes_uncounted_for_a_key(self, reviewer: User) -> None:
        asked = [ask("rita", "wrong", HTTP_IDEMPOTENCY_KEY="k") for _ in range(4)]
        assert statuses(*asked) == [401, 401, 401, 429]

    def test_a_kept_answer_is_not_given_to_who_is_locked_out(self, reviewer: User) -> None:
        assert ask("rita", HTTP_IDEMPOTENCY_KEY="k").status_code == 200
        fail(3)
        assert ask("rita", HTTP_IDEMPOTENCY_KEY="k").status_code == 429
