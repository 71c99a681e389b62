from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser

from agentic.models import User
from agentic.roles import MATRIX, Role, may, roles_of
from agents.authentication import CallingAgent


@pytest.mark.parametrize("rule", MATRIX)
def test_an_agent_passes_no_rule_of_people(calling: Callable[[], CallingAgent], rule: str) -> None:
    assert not may(calling(), rule)


@pytest.mark.parametrize("rule", MATRIX)
@pytest.mark.parametrize("nobody", [None, AnonymousUser(), "ada"])
def test_nobody_passes_no_rule(nobody: object, rule: str) -> None:
    assert not may(nobody, rule)


@pytest.mark.parametrize("rule", MATRIX)
def test_an_admin_passes_every_rule(admin: User, rule: str) -> None:
    assert may(admin, rule)


@pytest.mark.parametrize("rule", sorted(MATRIX.keys() - {"auth.me"}))
def test_a_stranger_passes_none_but_to_see_who_they_are(stranger: User, rule: str) -> None:
    assert not may(stranger, rule)


def test_a_rule_that_is_not_there_lets_nobody_in(admin: User) -> None:
    assert not may(admin, "agents.delete")
    assert not may(admin, "")


def test_roles_contain_each_other_as_stated(admin: User, reviewer: User, manager: User) -> None:
    assert roles_of(admin) == set(Role.values)
    assert roles_of(reviewer) == {"reviewer", "viewer"}
    assert roles_of(manager) == {"agent_manager", "viewer"}


def test_an_inactive_person_has_no_role(admin: User) -> None:
    admin.is_active = False
    assert roles_of(admin) == frozenset()
