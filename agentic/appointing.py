"""Who gets which roles, and who may sign in: nobody takes the platform's last admin away, nor their own rights."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.contrib.auth.models import Group

from agentic.actors import Actor
from agentic.errors import Invalid
from agentic.last_admin import LastAdmin, is_admin, is_last_admin
from agentic.models import User
from agentic.people import changing
from agentic.roles import Role

# Their work is in the admin site, which opens for staff only.
STAFF = frozenset({Role.ADMIN.value, Role.AGENT_MANAGER.value})


def assign_roles(*, actor: Actor, user_id: UUID, roles: Collection[str]) -> User:
    """These roles and no others, from the next request on. Invalid when the rules above forbid it."""
    with changing(user_id, actor=actor) as user:
        check_admin_stays(actor, user, will_be=user.is_superuser or Role.ADMIN in roles)
        set_groups(user, roles)
    return user


def set_groups(user: User, roles: Collection[str]) -> None:
    user.groups.set(Group.objects.filter(name__in=roles))
    is_staff = user.is_superuser or not STAFF.isdisjoint(roles)
    if user.is_staff != is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])


def set_active(*, actor: Actor, user_id: UUID, is_active: bool) -> User:
    """Let a person sign in, or not any more: `changing` ends what they are signed in to."""
    with changing(user_id, actor=actor) as user:
        check_admin_stays(actor, user, will_be=is_active)
        user.is_active = is_active
        user.save(update_fields=["is_active"])
    return user


def check_admin_stays(actor: Actor, user: User, *, will_be: bool) -> None:
    """Invalid when the person would stop to be an admin, and is the one who asks, or the last one.

    To be asked inside of `changing`, which holds all admins.
    """
    if will_be or not is_admin(user):
        return
    if actor.user_id == user.pk:
        raise Invalid(roles="Nobody takes the role of admin from themselves: ask another admin.")
    if is_last_admin(user):
        raise LastAdmin


def roles_in(user: User) -> frozenset[str]:
    """As they were given, without those that one role contains."""
    return frozenset(user.groups.values_list("name", flat=True))
