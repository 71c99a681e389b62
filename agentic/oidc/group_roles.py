"""From a person's groups at the provider to their roles here, by OIDC_ROLES and nothing else."""

from __future__ import annotations

from django.conf import settings

from agentic.appointing import roles_in, set_groups
from agentic.models import User
from agentic.roles import Role


def give_first_roles(user: User, groups: frozenset[str]) -> None:
    """Whoever is new is a viewer, and what their groups say."""
    viewer = frozenset({Role.VIEWER.value})
    set_groups(user, mapped(viewer, groups) | viewer)


def give_mapped_roles(user: User, groups: frozenset[str]) -> None:
    """Give and take the roles that the setting names; where that changes nothing, nothing is touched."""
    before = roles_in(user)
    after = mapped(before, groups)
    if after != before:
        set_groups(user, after)


def mapped(roles: frozenset[str], groups: frozenset[str]) -> frozenset[str]:
    """Roles that no group stands for are left as they are."""
    by_group: dict[str, frozenset[str]] = settings.OIDC_ROLES
    named = frozenset[str]().union(*by_group.values())
    given = frozenset[str]().union(*(by_group[group] for group in groups & by_group.keys()))
    return (roles - named) | given
