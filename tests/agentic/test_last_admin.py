"""There is always an admin who can sign in, whichever door takes the role, and however many take it at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from agentic.actors import Actor, ActorKind, Source, system
from agentic.appointing import assign_roles, set_active
from agentic.errors import DomainError, Invalid, NotFound
from agentic.ids import new_id
from agentic.last_admin import active_admins
from agentic.models import Audit, User
from agentic.people import changing
from agentic.roles import Role
from agentic.vocabulary import AuditAction
from tests.agentic.test_people import form_of, site_for
from tests.conftest import make_person
from tests.decisions.threads import at_once, behind

ON_SQLITE = connection.vendor == "sqlite"
LAST = "This is the last admin"


@pytest.fixture
def alan(db: None) -> User:
    """Another admin."""
    return make_person("alan", Role.ADMIN)


@pytest.fixture
def root(db: None) -> User:
    """Above the roles, and in none."""
    return User.objects.create_superuser("root", "root@example.org", "a long enough passphrase")


def as_actor(user: User) -> Actor:
    return Actor(ActorKind.USER, user.pk, user.username, Source.ADMIN)


def demote(by: User, whom: User) -> Any:
    return assign_roles(actor=as_actor(by), user_id=whom.pk, roles=["viewer"])


def deactivate(by: User, whom: User) -> Any:
    return set_active(actor=as_actor(by), user_id=whom.pk, is_active=False)


def told(error: Any) -> str:
    assert isinstance(error, DomainError), error
    return str(error.members["errors"])


class TestAtOnce:
    @pytest.mark.django_db(transaction=True)
    @pytest.mark.skipif(ON_SQLITE, reason="it has one writer at a time")
    @pytest.mark.parametrize("one", [demote, deactivate])
    @pytest.mark.parametrize("other", [demote, deactivate])
    def test_of_two_who_take_the_role_from_each_other_one_comes_too_late(
        self, admin: User, alan: User, one: Callable[..., Any], other: Callable[..., Any]
    ) -> None:
        answer = behind(partial(one, admin, alan), partial(other, alan, admin))
        assert LAST in told(answer)
        assert active_admins().get() == admin

    @pytest.mark.django_db(transaction=True)
    def test_of_many_admins_who_all_leave_at_once_one_stays(self) -> None:
        """And nobody waits in a circle."""
        many = [make_person(f"admin-{n}", Role.ADMIN) for n in range(6)]
        pairs = zip(many, [*many[1:], many[0]], strict=True)
        answers = at_once(*(partial(demote, by, whom) for by, whom in pairs))
        refused = [answer for answer in answers if isinstance(answer, Exception)]
        assert [LAST in told(error) for error in refused] == [True]
        assert active_admins().count() == 1


class TestAnyDoor:
    def test_a_change_that_asks_nobody_is_undone(self, admin: User) -> None:
        with pytest.raises(Invalid), changing(admin.pk, actor=system()) as user:
            user.groups.clear()
        assert active_admins().get() == admin
        assert not Audit.objects.filter(action=AuditAction.ROLES_CHANGED).exists()

    def test_where_there_was_no_admin_accounts_are_changed_as_ever(self, viewer: User) -> None:
        assign_roles(actor=system(), user_id=viewer.pk, roles=["reviewer"])
        assert viewer.groups.get().name == "reviewer"

    def test_an_admin_who_cannot_sign_in_is_none(self, admin: User, alan: User) -> None:
        deactivate(admin, alan)
        with pytest.raises(Invalid):
            set_active(actor=system(), user_id=admin.pk, is_active=False)

    def test_a_superuser_is_one(self, admin: User, root: User) -> None:
        demote(root, admin)
        with pytest.raises(Invalid):
            set_active(actor=system(), user_id=root.pk, is_active=False)

    def test_nobody_is_not_there(self, db: None) -> None:
        with pytest.raises(NotFound):
            set_active(actor=system(), user_id=new_id(), is_active=True)


class TestTheForm:
    """Of the admin site, which a superuser fills in for themselves."""

    def said(self, user: User, **boxes: Any) -> str:
        answer = site_for(user).post(
            f"/admin/agentic/user/{user.pk}/change/", form_of(user, **boxes)
        )
        assert answer.status_code == 200
        return str(answer.content.decode())

    @pytest.mark.parametrize(
        "boxes", [{"is_active": "on"}, {"is_superuser": "on", "is_active": ""}]
    )
    def test_nobody_unticks_what_makes_them_an_admin(
        self, root: User, alan: User, boxes: dict[str, str]
    ) -> None:
        assert "from themselves" in self.said(root, **boxes)
        root.refresh_from_db()
        assert root.is_superuser
        assert root.is_active

    def test_the_last_one_is_not_unticked_by_another_superuser(self, root: User) -> None:
        site = site_for(root)
        other = User.objects.create_superuser("boss", "boss@example.org", "a long passphrase")
        site.post(f"/admin/agentic/user/{other.pk}/change/", form_of(other))
        other.refresh_from_db()
        assert not other.is_superuser
        assert active_admins().get() == root

    def test_a_superuser_with_the_role_may_step_down_to_it(self, root: User, alan: User) -> None:
        root.groups.set(Group.objects.filter(name=Role.ADMIN))
        site = site_for(root)
        site.post(f"/admin/agentic/user/{root.pk}/change/", form_of(root))
        root.refresh_from_db()
        assert (root.is_superuser, active_admins().count()) == (False, 2)
