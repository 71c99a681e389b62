"""Whose account it is."""

from __future__ import annotations

import msgspec
import pytest
from django.contrib.auth.models import Group

from agentic.actors import Actor, ActorKind, Source
from agentic.models import Audit, OidcIdentity, User
from agentic.oidc.claims import Person
from agentic.oidc.errors import InactiveAccount
from agentic.oidc.people import account_of
from agentic.roles import Role, roles_of
from agentic.vocabulary import AuditAction
from tests.conftest import make_person

ISSUER = "https://id.example.org"
DOOR = Actor(ActorKind.USER, None, "somebody", Source.API, "c-1", ip="192.0.2.7")


def person(subject: str = "s-1", **changed: object) -> Person:
    plain = Person(ISSUER, subject, "rita@example.org", True, frozenset(), "", "", "")
    return plain._replace(**changed)  # type: ignore[arg-type]


def come_in(subject: str = "s-1", **changed: object) -> User:
    return account_of(person(subject, **changed), DOOR)


def actions() -> list[str]:
    return list(Audit.objects.values_list("action", flat=True))


@pytest.mark.usefixtures("roles")
class TestWhoItIs:
    def test_somebody_new_is_a_viewer_without_a_password(self) -> None:
        user = come_in(first_name="Rita", last_name="Reva")
        assert (user.username, user.email, user.name) == ("rita", "rita@example.org", "Rita Reva")
        assert roles_of(User.objects.get()) == {"viewer"}
        assert not user.has_usable_password()
        assert actions() == [AuditAction.USER_CREATED, AuditAction.IDENTITY_LINKED]

    def test_they_are_known_by_their_subject_whatever_else_changes(self) -> None:
        first = come_in()
        again = come_in(email="married@example.org", username="admin")
        assert again == first
        identity = OidcIdentity.objects.get()
        assert (identity.user, identity.email) == (first, "married@example.org")
        assert identity.last_sign_in_at is not None

    def test_a_verified_address_finds_the_account_that_is_theirs(self, rita: User) -> None:
        assert come_in(email="Rita@Example.org") == rita
        assert actions() == [AuditAction.IDENTITY_LINKED]
        assert rita.has_usable_password()

    def test_an_unverified_address_takes_over_nobodys_account(self, rita: User) -> None:
        user = come_in(email_verified=False)
        assert (user.email, user.username[:5]) == ("", "rita-")
        assert user != rita
        assert OidcIdentity.objects.get().email == "rita@example.org"

    def test_an_account_that_the_provider_knows_otherwise_is_not_given_to_another(
        self, rita: User
    ) -> None:
        assert come_in("s-1") == rita
        assert come_in("s-2") != rita
        assert User.objects.get(email=rita.email) == rita

    def test_an_address_that_two_accounts_have_links_neither(self, rita: User) -> None:
        User.objects.create_user("rita2", "RITA@example.org")
        assert come_in().username.startswith("rita-")

    def test_letters_that_only_look_alike_are_others(self) -> None:
        User.objects.create_user("admin", "adm\u0131n@example.org")
        assert come_in(email="admin@example.org").username != "admin"

    def test_another_issuer_is_another_person(self) -> None:
        first = come_in(email_verified=False)
        assert come_in(issuer="https://id.example.com", email_verified=False) != first

    @pytest.mark.parametrize("known", [True, False])
    def test_an_account_that_is_not_active_stays_closed(self, rita: User, known: bool) -> None:
        if known:
            come_in()
        User.objects.update(is_active=False)
        with pytest.raises(InactiveAccount):
            come_in()
        assert OidcIdentity.objects.count() == known

    @pytest.mark.parametrize(
        ("said", "name"),
        [
            ("rita@evil.example", "rita-"),
            ("RITA", "rita-"),
            ("A\u0131 b/..", "a-b"),
            ("x" * 200, "x" * 40),
            ("@@", "user"),
            ("", "rita-"),
        ],
    )
    def test_a_name_is_nobody_elses_and_nobodys_address(
        self, rita: User, said: str, name: str
    ) -> None:
        user = come_in(username=said, email_verified=False)
        assert user.username.startswith(name)
        assert "@" not in user.username

    def test_the_audits_name_the_identity_and_the_address_they_came_from(self) -> None:
        user = come_in()
        linked = Audit.objects.get(action=AuditAction.IDENTITY_LINKED)
        assert (linked.user_id, linked.ip, linked.correlation_id) == (user.pk, "192.0.2.7", "c-1")
        assert msgspec.json.decode(linked.details) == {"issuer": ISSUER, "subject": "s-1"}


@pytest.mark.usefixtures("enabled")
class TestRoles:
    """reviewers=reviewer, platform-admins=admin"""

    def test_a_group_gives_its_role_and_its_absence_takes_it(self) -> None:
        assert roles_of(come_in(groups={"reviewers", "others"})) == {"viewer", "reviewer"}
        assert roles_of(come_in(groups=frozenset())) == {"viewer"}
        last = Audit.objects.filter(action=AuditAction.ROLES_CHANGED).latest("number")
        assert (last.told["before"], last.told["after"]) == (
            {"roles": ["reviewer", "viewer"]},
            {"roles": ["viewer"]},
        )

    def test_a_role_that_no_group_stands_for_is_left_alone(self, rita: User) -> None:
        rita.groups.add(Group.objects.get(name=Role.AGENT_MANAGER))
        assert "agent_manager" in roles_of(come_in(groups={"reviewers"}))

    @pytest.mark.parametrize("group", ["admin", "Platform-Admins", "platform-admins ", "admins"])
    def test_no_group_makes_an_admin_but_the_one_that_is_named(self, group: str) -> None:
        assert roles_of(come_in(groups={group})) == {"viewer"}

    def test_an_admin_may_enter_the_admin_site_and_a_former_one_may_not(self) -> None:
        make_person("alan", Role.ADMIN)  # the last one would stay
        assert come_in(groups={"platform-admins"}).is_staff
        assert not come_in(groups=frozenset()).is_staff

    def test_without_a_setting_nothing_is_touched(self, settings: object, rita: User) -> None:
        settings.OIDC_ROLES = {}  # type: ignore[attr-defined]
        rita.groups.add(Group.objects.get(name=Role.ADMIN))
        assert Role.ADMIN in roles_of(come_in(groups={"reviewers"}))
        assert AuditAction.ROLES_CHANGED not in actions()
