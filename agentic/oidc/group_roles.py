"""From a person's groups at the provider to their roles here, by OIDC_ROLES and nothing else."""

from __future__ import annotations

from django.conf import settings

from agentic.appointing import roles_in, set_groups
from agentic.last_admin import is_last_admin
from agentic.models import User
from agentic.roles import Role


def give_first_roles(user: User, groups: frozenset[str]) -> None:
    """Whoever is new is a viewer, and what their groups say."""
    viewer = frozenset({Role.VIEWER.value})
    set_groups(user, mapped(viewer, groups) | viewer)


def give_mapped_roles(user: User, groups: frozenset[str]) -> bool:
    """Give and take the roles that the setting names; where that changes nothing, nothing is touched.

    The last admin stays one, whatever their groups are: True when it came to that. To be called inside of `changing`.
    """
    before = roles_in(user)
    after = mapped(before, groups)
    kept = Role.ADMIN in before - after and not user.is_superuser and is_last_admin(user)
    if kept:
        after |= {Role.ADMIN.value}
    if after != before:
        set_groups(user, after)
    return kept


def mapped(roles: frozenset[str], groups: frozenset[str]) -> frozenset[str]:
    """Roles that no group stands for are left as they are."""
    by_group: dict[str, frozenset[str]] = settings.OIDC_ROLES
    named = frozenset[str]().union(*by_group.values())
    given = frozenset[str]().union(*(by_group[group] for group in groups & by_group.keys()))
    return (roles - named) | given
