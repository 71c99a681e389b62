"""A sign-in that was looked at before the password changed, or the account was closed, does not outlive that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.test import Client

from agentic.actors import system
from agentic.models import Audit, SignIn, SignInMethod, User
from agentic.passwords import PasswordBackend
from agentic.people import changing
from agentic.sign_ins import Overtaken, begin_sign_in
from agentic.vocabulary import AuditAction
from tests.conftest import PASSWORD, Api
from tests.decisions.threads import behind

IN_EARNEST = pytest.mark.skipif(connection.vendor == "sqlite", reason="it has one writer at a time")
OTHER = "another long passphrase"


def set_password(user: User) -> None:
    with changing(user.pk, actor=system()) as current:
        current.set_password(OTHER)
        current.save(update_fields=("password",))


def close(user: User) -> None:
    with changing(user.pk, actor=system()) as current:
        current.is_active = False
        current.save(update_fields=("is_active",))


Change = Callable[[User], None]
CHANGES = pytest.mark.parametrize("change", [set_password, close])


def enter(user: User) -> SignIn:
    return begin_sign_in(user=user, method=SignInMethod.PASSWORD, ip="", user_agent="")


@CHANGES
def test_it_is_held_against_the_account_of_this_moment(reviewer: User, change: Change) -> None:
    change(reviewer)
    with pytest.raises(Overtaken):
        enter(reviewer)
    assert not SignIn.objects.exists()


def test_another_change_is_none_of_its_business(reviewer: User) -> None:
    User.objects.update(first_name="Rita")
    assert enter(reviewer).user == reviewer


@IN_EARNEST
@CHANGES
@pytest.mark.django_db(transaction=True)
def test_it_waits_for_a_change_that_is_under_way(reviewer: User, change: Change) -> None:
    answer = behind(lambda: change(reviewer), lambda: enter(reviewer))
    assert isinstance(answer, Overtaken)
    assert not SignIn.objects.exists()


@IN_EARNEST
@CHANGES
@pytest.mark.django_db(transaction=True)
def test_a_change_waits_for_one_that_begins_and_ends_it(reviewer: User, change: Change) -> None:
    behind(lambda: enter(reviewer), lambda: change(reviewer))
    assert SignIn.objects.get().ended_at is not None


class TestDoors:
    """The change comes in the very moment after the password was found right."""

    @pytest.fixture(autouse=True)
    def overtaken(self, reviewer: User, monkeypatch: pytest.MonkeyPatch) -> None:
        def just_then(backend: PasswordBackend, user: Any) -> bool:
            set_password(user)
            return True

        monkeypatch.setattr(PasswordBackend, "user_can_authenticate", just_then)

    @pytest.mark.parametrize("extra", [{}, {"HTTP_IDEMPOTENCY_KEY": "k"}], ids=["plain", "keyed"])
    def test_the_api_gives_no_token(self, extra: dict[str, Any]) -> None:
        said = {"username": "rita", "password": PASSWORD}
        answer = Api().post("/auth/token", said, **extra)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        self.check_nobody_came_in()

    def test_the_page_lets_nobody_in(self, client: Client) -> None:
        answer = client.post("/sign-in", {"username": "rita", "password": PASSWORD})
        assert answer.status_code == 403
        assert "Sign in anew" in answer.content.decode()
        assert not client.session.keys()
        assert "Sign in" in client.get("/", headers={"Accept": "text/html"}).content.decode()
        self.check_nobody_came_in()

    def check_nobody_came_in(self) -> None:
        assert not SignIn.objects.exists()
        row = Audit.objects.get(action=AuditAction.SIGN_IN_FAILED)
        assert (row.actor_label, row.user_id) == ("rita", None)
        assert row.reason == Overtaken.reason


class TestOldHashes:
    """A right password is hashed anew where the hash is of an old kind."""

    @pytest.fixture
    def old(self, reviewer: User) -> User:
        User.objects.update(password=make_password(PASSWORD, salt="short"))
        return User.objects.get()

    def test_it_is_hashed_anew_and_the_sign_in_goes_on(self, old: User) -> None:
        before = old.password
        assert PasswordBackend().is_right(old, PASSWORD)
        assert User.objects.get().password == old.password != before
        assert enter(old).user == old

    def test_but_not_over_a_password_that_was_set_meanwhile(self, old: User) -> None:
        set_password(old)
        assert PasswordBackend().is_right(old, PASSWORD)
        assert User.objects.get().check_password(OTHER)
        with pytest.raises(Overtaken):
            enter(old)
