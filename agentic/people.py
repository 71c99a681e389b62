"""Accounts: made and changed here, so that the audit log tells each with before and after."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from agentic.actors import Actor
from agentic.audits import record
from agentic.last_admin import LastAdmin, is_admin, is_last_admin, locked_with_all_admins
from agentic.live import tell_of_person
from agentic.models import User
from agentic.sign_ins import end_all_of
from agentic.vocabulary import AuditAction

TOLD = (
    "username", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser",
)  # fmt: skip


def create_person(
    *,
    actor: Actor,
    name: str,
    password: str,
    email: str = "",
    is_staff: bool = False,
    roles: Iterable[str] = (),
) -> User:
    """An account with these roles. Raises Django's ValidationError for what no account can have."""
    user = User(username=name, email=email, is_staff=is_staff)
    user.set_password(password)
    user.full_clean()
    validate_password(password, user)
    with transaction.atomic():
        user.save()
        user.groups.set(Group.objects.filter(name__in=list(roles)))
        tell_created(user, actor=actor)
    return user


@contextmanager
def changing(user_id: UUID, *, actor: Actor) -> Iterator[User]:
    """Whatever the block does to this account is audited with it, or undone with it.

    NotFound when there is none; LastAdmin when the block took the role from the only one who has it.
    """
    with transaction.atomic():
        user = locked_with_all_admins(user_id)
        before, was_last = seen(user), is_last_admin(user)
        yield user
        if was_last and not is_admin(user):
            raise LastAdmin
        after = seen(User.objects.get(pk=user_id))
        # First, for it locks rows: who has told anything holds the head of the log, and must wait for nobody.
        end_what_was_open(before, after, user, actor)
        tell_changes(before, after, user_id, actor)
        if before != after:
            tell_of_person(user_id)


def end_what_was_open(old: Account, new: Account, user: User, actor: Actor) -> None:
    """Whoever signed in before is out, and stays so when the account is opened again."""
    if old.password != new.password:
        end_all_of(user, "the password was changed", actor=actor)
    elif old.told["is_active"] and not new.told["is_active"]:
        end_all_of(user, "the account was deactivated", actor=actor)


class Account(NamedTuple):
    """What an account was at a moment. The digest of the password is compared, and told to nobody."""

    told: dict[str, Any]
    roles: list[str]
    password: str


def seen(user: User) -> Account:
    told = {name: getattr(user, name) for name in TOLD}
    permissions = user.user_permissions.order_by("codename").values_list("codename", flat=True)
    return Account({**told, "permissions": list(permissions)}, roles_in(user), user.password)


def roles_in(user: User) -> list[str]:
    return list(user.groups.order_by("name").values_list("name", flat=True))


def tell_created(user: User, *, actor: Actor) -> None:
    account = seen(user)
    tell(AuditAction.USER_CREATED, user.pk, actor, after={**account.told, "roles": account.roles})


def tell_changes(old: Account, new: Account, user_id: UUID, actor: Actor) -> None:
    if old.password != new.password:
        tell(AuditAction.PASSWORD_CHANGED, user_id, actor)
    if names := [name for name in old.told if old.told[name] != new.told[name]]:
        before = {name: old.told[name] for name in names}
        after = {name: new.told[name] for name in names}
        tell(AuditAction.USER_CHANGED, user_id, actor, before=before, after=after)
    if old.roles != new.roles:
        before, after = {"roles": old.roles}, {"roles": new.roles}
        tell(AuditAction.ROLES_CHANGED, user_id, actor, before=before, after=after)


def tell(action: AuditAction, user_id: UUID, actor: Actor, **values: Any) -> None:
    record(action, actor=actor, entity_type="user", entity_id=user_id, **values)
