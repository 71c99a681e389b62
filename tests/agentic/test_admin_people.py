"""People, their roles and sign-ins on the admin site; and the records that nobody can touch."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from agentic.actors import Actor
from agentic.appointing import assign_roles, set_active
from agentic.errors import Invalid
from agentic.models import Audit, SignIn, User
from agentic.roles import Role
from tests.conftest import make_person
from tests.decisions.test_admin import act, site_for

PEOPLE, SIGN_INS = "/admin/agentic/user/", "/admin/agentic/signin/"
AUDITS, EVENTS = "/admin/agentic/audit/", "/admin/agentic/event/"


@pytest.fixture
def site(admin: User) -> Client:
    return site_for(admin)


def roles_of(user: User) -> set[str]:
    return set(User.objects.get(pk=user.pk).groups.values_list("name", flat=True))


class TestRoles:
    def test_they_are_assigned_with_a_form(self, site: Client, viewer: User) -> None:
        assert "Decides on proposals" in act(site, PEOPLE, "assign_roles", viewer.pk)
        roles = ["reviewer", "agent_manager"]
        page = act(site, PEOPLE, "assign_roles", viewer.pk, roles=roles)
        assert "vera has reviewer, agent manager now." in page.replace("Vera", "vera")
        assert roles_of(viewer) == set(roles)
        assert User.objects.get(pk=viewer.pk).is_staff
        audit = Audit.objects.get(action="user.roles_changed")
        assert audit.told["after"] == {"roles": ["agent_manager", "reviewer"]}

    def test_several_people_get_the_same(self, site: Client, viewer: User, reviewer: User) -> None:
        page = act(site, PEOPLE, "assign_roles", viewer.pk, reviewer.pk, roles=["reviewer"])
        assert "2 of 2 done." in page
        assert roles_of(viewer) == roles_of(reviewer) == {"reviewer"}

    def test_nobody_takes_admin_from_themselves(self, site: Client, admin: User) -> None:
        make_person("alan", Role.ADMIN)
        page = act(site, PEOPLE, "assign_roles", admin.pk, roles=["viewer"])
        assert "from themselves" in page
        assert "from themselves" in act(site, PEOPLE, "deactivate", admin.pk, sure="1")
        assert roles_of(admin) == {"admin"}

    def test_the_last_admin_stays(self, admin: User, platform: Actor) -> None:
        with pytest.raises(Invalid):
            assign_roles(actor=platform, user_id=admin.pk, roles=[])
        with pytest.raises(Invalid):
            set_active(actor=platform, user_id=admin.pk, is_active=False)
        make_person("alan", Role.ADMIN)
        assign_roles(actor=platform, user_id=admin.pk, roles=["viewer"])
        assert roles_of(admin) == {"viewer"}

    def test_the_form_holds_to_the_same_rules(self, site: Client, admin: User) -> None:
        page = f"{PEOPLE}{admin.pk}/change/"
        viewer = Group.objects.get_or_create(name="viewer")[0]
        said = {"username": "ada", "is_active": "on", "groups": [viewer.pk]}
        assert "from themselves" in site.post(page, said).content.decode()
        assert roles_of(admin) == {"admin"}

    def test_they_are_called_roles_everywhere(self, site: Client, viewer: User) -> None:
        group = viewer.groups.get()
        pages = ["/admin/", PEOPLE, f"{PEOPLE}{viewer.pk}/change/"]
        pages += ["/admin/auth/group/", f"/admin/auth/group/{group.pk}/change/"]
        for page in pages:
            text = re.sub(r"<[^>]*>", "", site.get(page).content.decode())
            assert re.search(r"\brole", text, re.IGNORECASE), page
            assert not re.search(r"\bgroup", text, re.IGNORECASE), page

    def test_an_unknown_role_is_none(self, site: Client, viewer: User) -> None:
        page = act(site, PEOPLE, "assign_roles", viewer.pk, roles=["emperor"])
        assert "Select a valid choice" in page
        assert roles_of(viewer) == {"viewer"}

    def test_whoever_is_above_the_roles_stays_there(self, site: Client) -> None:
        above = User.objects.create_superuser("root", "root@example.org", "a long passphrase")
        for action, said in (("assign_roles", {"roles": ["viewer"]}), ("deactivate", {"sure": 1})):
            assert "above the roles" in act(site, PEOPLE, action, above.pk, **said)
        assert User.objects.get(pk=above.pk).is_active


def test_a_deactivated_person_is_out_at_once(site: Client, manager: User) -> None:
    theirs = site_for(manager)
    assert theirs.get("/admin/").status_code == 200
    act(site, PEOPLE, "deactivate", manager.pk, sure="1")
    assert theirs.get("/admin/").status_code == 302
    assert not SignIn.objects.filter(user=manager, ended_at=None).exists()
    act(site, PEOPLE, "reactivate", manager.pk, sure="1")
    assert theirs.get("/admin/").status_code == 302
    assert User.objects.get(pk=manager.pk).is_active


@pytest.mark.parametrize("spelling", ["{}", "urn_3Auuid_3A{}"])
def test_no_spelling_of_an_address_goes_past_the_log(
    site: Client, manager: User, spelling: str
) -> None:
    word = "another long passphrase"
    said = {"password1": word, "password2": word, "usable_password": "true"}
    site.post(f"{PEOPLE}{spelling.format(manager.pk)}/password/", said)
    assert User.objects.get(pk=manager.pk).check_password(word)
    assert Audit.objects.filter(action="user.password_changed", entity_id=manager.pk).exists()


def test_a_change_of_nobody_is_not_there(site: Client) -> None:
    assert site.post(f"{PEOPLE}nonsense/change/").status_code == 404


def test_a_sign_in_is_ended_with_a_reason(site: Client, manager: User) -> None:
    theirs = site_for(manager)
    row = SignIn.objects.get(user=manager)
    assert "ended." in act(site, SIGN_INS, "end", row.pk, reason="a lost laptop")
    assert theirs.get("/admin/").status_code == 302
    assert SignIn.objects.get(pk=row.pk).ended_because == "a lost laptop"
    assert Audit.objects.get(action="sign_in.revoked").reason == "a lost laptop"
    assert "had ended before" in act(site, SIGN_INS, "end", row.pk, reason="again")


def test_an_operator_who_writes_signed_out_has_revoked_it_all_the_same(
    site: Client, manager: User
) -> None:
    site_for(manager)
    act(site, SIGN_INS, "end", SignIn.objects.get(user=manager).pk, reason="signed out")
    assert Audit.objects.get(entity_id=manager.pk, reason="signed out").action == "sign_in.revoked"


@pytest.mark.parametrize("who", ["manager", "reviewer", "viewer", "stranger"])
def test_only_admins_see_people_and_audits(who: str, request: Any) -> None:
    site = site_for(request.getfixturevalue(who))
    for page in (PEOPLE, SIGN_INS, AUDITS, "/admin/agentic/oidcidentity/", "/admin/auth/group/"):
        assert site.get(page).status_code == 403
    assert site.get(EVENTS).status_code == (403 if who == "stranger" else 200)


class TestAudits:
    def test_they_are_looked_at_and_found(self, site: Client, admin: User, viewer: User) -> None:
        act(site, PEOPLE, "assign_roles", viewer.pk, roles=["reviewer"])
        page = site.get(AUDITS, {"q": str(viewer.pk)})
        assert [row.action for row in page.context["cl"].queryset][-1] == "user.roles_changed"
        row = Audit.objects.get(action="user.roles_changed")
        assert site.get(AUDITS, {"q": row.number}).context["cl"].queryset.get() == row
        text = site.get(f"{AUDITS}{row.number}/change/").content.decode()
        assert "badge-good" in text
        assert "holds" in text
        assert "verify_audit" in text

    def test_nothing_in_them_is_touched(self, site: Client) -> None:
        row = Audit.objects.latest("number")
        for page in (
            f"{AUDITS}{row.number}/change/",
            f"{AUDITS}add/",
            f"{AUDITS}{row.number}/delete/",
        ):
            assert site.post(page, {"reason": "x", "post": "yes"}).status_code == 403
        assert "delete_selected" not in site.get(AUDITS).content.decode()


def test_no_page_needs_a_script_or_style_of_its_own(site: Client, viewer: User) -> None:
    """So that the content security policy can forbid them."""
    for page in ("/admin/", PEOPLE, f"{PEOPLE}{viewer.pk}/change/", AUDITS, EVENTS):
        text = site.get(page).content.decode()
        assert "<style" not in text
        assert " style=" not in text
        assert "onclick" not in text
        assert "<script>" not in text
        assert "agentic/admin.css" in text
