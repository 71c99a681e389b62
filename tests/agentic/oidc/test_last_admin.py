"""Groups at the provider give the role of admin and take it, but never from the last one who has it."""

from __future__ import annotations

from functools import partial

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from agentic.last_admin import active_admins
from agentic.models import Audit, User
from agentic.roles import Role
from agentic.vocabulary import AuditAction
from tests.agentic.oidc.test_people import ISSUER, come_in
from tests.conftest import make_person
from tests.decisions.threads import behind

pytestmark = pytest.mark.usefixtures("enabled")  # platform-admins=admin
ON_SQLITE = connection.vendor == "sqlite"


def test_the_last_admin_keeps_the_role_and_it_is_told(caplog: pytest.LogCaptureFixture) -> None:
    ada = come_in(groups={"platform-admins"})
    again = come_in(groups={"reviewers"})
    assert set(again.groups.values_list("name", flat=True)) == {"admin", "reviewer", "viewer"}
    assert again.is_staff
    row = Audit.objects.get(action=AuditAction.REFUSED)
    assert (row.entity_id, row.told["rule"]) == (str(ada.pk), "last_admin")
    assert "stays one: there is no other" in caplog.text


def test_one_of_two_loses_it() -> None:
    alan = make_person("alan", Role.ADMIN)
    come_in(groups={"platform-admins"})
    come_in(groups=frozenset())
    assert active_admins().get() == alan
    assert not Audit.objects.filter(action=AuditAction.REFUSED).exists()


def test_a_superuser_loses_the_role_and_stays_above_it() -> None:
    root = User.objects.create_superuser("root", "root@example.org", "a long passphrase")
    root.groups.set(Group.objects.filter(name=Role.ADMIN))
    root.oidc_identities.create(issuer=ISSUER, subject="s-1")
    come_in(groups=frozenset())
    assert not root.groups.exists()
    assert active_admins().get() == root


def leave(subject: str) -> User:
    return come_in(subject, username=subject, email_verified=False)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(ON_SQLITE, reason="it has one writer at a time")
def test_of_two_who_leave_together_one_stays() -> None:
    for subject in ("one", "two"):
        groups = frozenset({"platform-admins"})
        come_in(subject, username=subject, email_verified=False, groups=groups)
    behind(partial(leave, "one"), partial(leave, "two"))
    assert active_admins().get().username == "two"
