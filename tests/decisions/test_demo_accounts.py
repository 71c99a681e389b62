"""The demo's people and agents: as they were at the next start, and gone when a visit is over."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from agentic.errors import NotAuthenticated
from agentic.models import User
from agentic.roles import Role, roles_of
from agents.authentication import agent_of
from agents.models import Agent, AgentStatus
from decisions.demo_accounts import Kept, ensure_agents, ensure_people, visitors

pytestmark = pytest.mark.django_db
PEOPLE = {"manager": Role.AGENT_MANAGER, "viewer": Role.VIEWER}


def test_the_second_start_finds_what_the_first_one_made(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "demo.json")
    people, keys = ensure_people(PEOPLE, kept.passwords), ensure_agents(["steady"], kept.keys)
    kept.save()

    again = Kept(tmp_path / "demo.json")
    assert ensure_people(PEOPLE, again.passwords) == people
    assert ensure_agents(["steady"], again.keys) == keys
    assert stat.S_IMODE((tmp_path / "demo.json").stat().st_mode) == 0o600


def test_they_have_their_roles() -> None:
    ensure_people(PEOPLE, {})

    assert Role.AGENT_MANAGER in roles_of(User.objects.get(username="manager"))
    assert roles_of(User.objects.get(username="viewer")) == {Role.VIEWER}


def test_an_account_of_somebody_else_is_left_alone() -> None:
    theirs = User.objects.create_user("manager", password="their own password")

    assert ensure_people(PEOPLE, {}).keys() == {"viewer"}
    theirs.refresh_from_db()
    assert theirs.check_password("their own password")


def test_a_password_that_was_changed_is_not_shown() -> None:
    kept: dict[str, str] = {}
    ensure_people(PEOPLE, kept)
    user = User.objects.get(username="viewer")
    user.set_password("a new one of their own")
    user.save(update_fields=("password",))

    assert ensure_people(PEOPLE, kept).keys() == {"manager"}


def test_a_key_that_was_revoked_is_replaced() -> None:
    kept: dict[str, str] = {}
    (first,) = ensure_agents(["steady"], kept).values()
    agent_of(first)
    Agent.objects.get(name="steady").keys.update(revoked_at="2026-01-01T00:00:00Z")

    (second,) = ensure_agents(["steady"], kept).values()
    assert agent_of(second).name == "steady"
    assert first != second


def test_nothing_of_a_visit_opens_a_door_afterwards() -> None:
    with visitors({"guest": Role.VIEWER}, ["reader"]) as (_, keys):
        assert agent_of(keys["reader"]).name == "reader"
        assert User.objects.get(username="guest").is_active

    with pytest.raises(NotAuthenticated):
        agent_of(keys["reader"])
    assert not User.objects.get(username="guest").is_active
    assert Agent.objects.get(name="reader").status == AgentStatus.OFFLINE


def test_the_only_admin_stays_but_nobody_knows_the_password() -> None:
    with visitors({"guide": Role.ADMIN}, []) as (passwords, _):
        pass
    guide = User.objects.get(username="guide")
    assert guide.is_active
    assert not guide.check_password(passwords["guide"])

    ensure_people({"admin": Role.ADMIN}, {})
    with visitors({"guide": Role.ADMIN}, []):
        pass
    guide.refresh_from_db()
    assert not guide.is_active
