from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from agentic.models import User
from agentic.roles import roles_of
from tests.conftest import PASSWORD


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    monkeypatch.setenv("AGENTIC_PASSWORD", PASSWORD)


def create(*words: Any) -> User:
    call_command("create_user", *words)
    return User.objects.get(username=words[0])


def test_it_makes_a_person_who_can_sign_in(capsys: pytest.CaptureFixture[str]) -> None:
    user = create("rita", "--role", "reviewer", "--email", "rita@example.org")
    assert user.check_password(PASSWORD)
    assert (user.email, user.is_staff) == ("rita@example.org", False)
    assert roles_of(user) == {"reviewer", "viewer"}
    said = capsys.readouterr()
    assert PASSWORD not in said.out + said.err


@pytest.mark.parametrize("role", ["admin", "agent_manager"])
def test_whoever_works_in_the_admin_site_may_enter_it(role: str) -> None:
    assert create("ada", "--role", role).is_staff


def test_it_takes_several_roles() -> None:
    assert roles_of(create("ada", "--role", "reviewer", "--role", "agent_manager")) == {
        "reviewer",
        "agent_manager",
        "viewer",
    }


@pytest.mark.parametrize(
    "words", [["rita"], ["a b"], ["max", "--email", "no address"], ["max", "--role", "king"]]
)
def test_it_refuses_what_no_account_can_have(reviewer: User, words: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("create_user", *words)
    assert User.objects.count() == 1


def test_it_refuses_a_weak_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTIC_PASSWORD", "12345")
    with pytest.raises(CommandError, match="too short"):
        call_command("create_user", "rita")
    assert not User.objects.exists()


def test_it_asks_for_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AGENTIC_PASSWORD")
    monkeypatch.setattr("getpass.getpass", lambda prompt: PASSWORD)
    assert create("rita").check_password(PASSWORD)
