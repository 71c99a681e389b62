"""Whoever makes or changes an account leaves an audit of it, at whichever door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from agentic.actors import Actor
from agentic.appointing import assign_roles
from agentic.audits import list_audits
from agentic.models import User
from agentic.roles import Role
from decisions.services.policies import publish_policy
from tests.conftest import PASSWORD
from tests.decisions.test_policies import RULES
from tests.decisions.threads import behind

OTHER = "another long passphrase"


def site_for(user: User) -> Client:
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    client = Client()
    client.force_login(user, backend="agentic.passwords.PasswordBackend")
    return client


@pytest.fixture
def site(admin: User) -> Client:
    return site_for(admin)


def story(about: User | None = None) -> list[tuple[str, Any]]:
    """What the log says of accounts, newest first."""
    rows = list_audits(limit=50, before=2**62, entity_type="user")
    return [
        (row["action"], row["details"])
        for row in rows
        if row["action"].startswith("user.")
        and (about is None or row["entity_id"] == str(about.pk))
    ]


def form_of(user: User, **changes: Any) -> dict[str, Any]:
    said = {
        "username": user.username,
        "email": user.email,
        "is_active": "on" if user.is_active else "",
        "groups": list(user.groups.values_list("pk", flat=True)),
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00:00",
        **changes,
    }
    return {name: value for name, value in said.items() if value != ""}


def change(site: Client, user: User, **changes: Any) -> Any:
    answer = site.post(f"/admin/agentic/user/{user.pk}/change/", form_of(user, **changes))
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    return answer


def test_the_command_is_audited(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGENTIC_PASSWORD", PASSWORD)
    call_command("create_user", "rita", "--role", "reviewer")
    ((action, details),) = story()
    assert action == "user.created"
    assert details["after"]["username"] == "rita"
    assert details["after"]["roles"] == ["reviewer"]
    assert PASSWORD not in str(details)
    with pytest.raises(CommandError):
        call_command("create_user", "rita")
    assert len(story()) == 1


def test_a_new_account_is_audited(site: Client, admin: User) -> None:
    said = {"username": "new", "usable_password": "true", "password1": OTHER, "password2": OTHER}
    assert site.post("/admin/agentic/user/add/", said).status_code == 302
    ((action, details),) = story(User.objects.get(username="new"))
    assert (action, details["after"]["roles"]) == ("user.created", [])
    row = list_audits(limit=1, before=2**62)[0]
    assert (row["user_id"], row["source"]) == (admin.pk, "admin")


@pytest.mark.parametrize(
    ("field", "value", "before", "after"),
    [
        ("email", "new@example.org", "rita@example.org", "new@example.org"),
        ("is_active", "", True, False),
        ("username", "margarita", "rita", "margarita"),
    ],
)
def test_a_change_is_audited_with_before_and_after(
    site: Client, reviewer: User, field: str, value: str, before: Any, after: Any
) -> None:
    change(site, reviewer, **{field: value})
    changed = {"before": {field: before}, "after": {field: after}}
    assert story(reviewer) == [("user.changed", changed)]


def test_new_roles_are_audited(site: Client, reviewer: User) -> None:
    manager = Group.objects.get_or_create(name="agent_manager")[0]
    change(site, reviewer, groups=[manager.pk])
    roles = {"before": {"roles": ["reviewer"]}, "after": {"roles": ["agent_manager"]}}
    assert story(reviewer) == [("user.roles_changed", roles)]


def test_roles_that_are_set_by_the_service_are_audited(reviewer: User, operator: Actor) -> None:
    for _ in range(2):
        assign_roles(actor=operator, user_id=reviewer.pk, roles=[Role.VIEWER, Role.REVIEWER])
    after = {"roles": ["reviewer", "viewer"]}
    changed = {"before": {"roles": ["reviewer"]}, "after": after}
    assert story(reviewer) == [("user.roles_changed", changed)]


def test_a_form_that_changes_nothing_leaves_none(site: Client, reviewer: User) -> None:
    change(site, reviewer)
    assert story() == []


def test_a_form_that_is_refused_leaves_none(site: Client, reviewer: User, viewer: User) -> None:
    page = f"/admin/agentic/user/{reviewer.pk}/change/"
    assert site.post(page, form_of(reviewer, username=viewer.username)).status_code == 200
    assert site_for(viewer).post(page, form_of(reviewer, email="x@y.org")).status_code == 403
    assert story() == []


@pytest.mark.parametrize(
    "page", ["/admin/agentic/user/x/change/", "/admin/agentic/user/x/password/"]
)
def test_what_is_not_there_cannot_be_changed(site: Client, page: str) -> None:
    assert site.post(page, {}).status_code in {302, 404}


def test_a_password_that_an_operator_sets_is_audited(site: Client, reviewer: User) -> None:
    said = {"usable_password": "true", "password1": OTHER, "password2": OTHER}
    page = f"/admin/agentic/user/{reviewer.pk}/password/"
    assert site.post(page, said | {"password2": "else"}).status_code == 200
    assert site.post(page, said).status_code == 302
    assert story() == [("user.password_changed", {})]


def test_ones_own_password_is_audited(site: Client, admin: User) -> None:
    said = {"old_password": PASSWORD, "new_password1": OTHER, "new_password2": OTHER}
    assert site.get("/admin/password_change/").status_code == 200
    assert site.post("/admin/password_change/", said).status_code == 302
    assert story() == [("user.password_changed", {})]
    admin.refresh_from_db()
    assert admin.check_password(OTHER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_a_new_name_and_an_act_of_the_same_person_do_not_wait_for_each_other_in_a_circle(
    site: Client, admin: User, operator: Actor, settings: Any
) -> None:
    """The act holds the head, and when it commits it asks that the row which it refers to keeps its key."""
    settings.POLICY_TWO_PEOPLE = False
    renamed: Callable[[], Any] = lambda: change(site, admin, username="lovelace")  # noqa: E731
    answer = behind(lambda: publish_policy(actor=operator, **RULES), renamed)
    assert answer.status_code == 302
    assert [action for action, _ in story()] == ["user.changed"]
