"""There is always an admin who can sign in: whoever changes an account holds every admin's row until the commit."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from agentic.errors import Invalid, NotFound
from agentic.models import User
from agentic.roles import Role


class LastAdmin(Invalid):
    """The change would leave nobody who runs the platform."""

    def __init__(self) -> None:
        super().__init__(roles="This is the last admin: make somebody else one first.")


def locked_with_all_admins(user_id: UUID) -> User:
    """The account; its row and those of all admins are held, taken in one order, so that nobody waits in a circle."""
    admins = active_admins().values("pk")
    rows = User.objects.filter(Q(pk=user_id) | Q(pk__in=admins)).order_by("pk")
    held = {row.pk: row for row in rows.select_for_update(no_key=True)}
    if user_id not in held:
        raise NotFound("There is no such account.")
    return held[user_id]


def active_admins() -> QuerySet[User]:
    in_role = User.groups.through.objects.filter(group__name=Role.ADMIN).values("user")
    return User.objects.filter(Q(is_superuser=True) | Q(pk__in=in_role), is_active=True)


def is_admin(user: User) -> bool:
    return active_admins().filter(pk=user.pk).exists()


def is_last_admin(user: User) -> bool:
    """To be asked while the rows are held: before, two may each take the other for one who stays."""
    return is_admin(user) and not active_admins().exclude(pk=user.pk).exists()
