"""Failed sign-ins on the admin site: who is locked out, by name, and how an operator lets them try again."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agentic.clock import seconds_from_now
from agentic.models import Audit, FailedSignIns, User
from tests.conftest import PASSWORD, Api, make_person
from tests.decisions.test_admin import act, site_for

LIST = "/admin/agentic/failedsignins/"


@pytest.fixture
def site(admin: User) -> Client:
    return site_for(admin)


@pytest.fixture(autouse=True)
def few(settings: Any) -> None:
    settings.SIGN_IN_FAILURES_PER_ACCOUNT, settings.SIGN_IN_FAILURES_PER_ADDRESS = 3, 20


def tries(name: str, password: str = "not it", times: int = 1) -> int:
    """The status of the last one."""
    said = {"username": name, "password": password}
    statuses: list[int] = [Api().post("/auth/token", said).status_code for _ in range(times)]
    return statuses[-1]


def lock_out(name: str) -> FailedSignIns:
    """The account of this name, or the name itself, is locked."""
    tries(name, times=3)
    return FailedSignIns.objects.get(failures=3, who__startswith="account:")


def shown(site: Client, **query: str) -> str:
    return site.get(LIST, query).content.decode()


def test_a_locked_account_is_shown_by_its_name(site: Client, reviewer: User) -> None:
    row = lock_out("rita")
    page = shown(site, locked="yes")
    assert (">rita</a>" in page, "locked</span>" in page, str(reviewer.pk) in page) == (
        True, True, True,
    )  # fmt: skip
    assert (
        f"/admin/agentic/user/{reviewer.pk}/"
        in site.get(f"{LIST}{quoted(row)}/change/").content.decode()
    )


def quoted(row: FailedSignIns) -> str:
    return row.who.replace(":", "_3A")


def test_a_name_that_no_account_has_is_called_as_in_the_audit_log(site: Client) -> None:
    lock_out("nobody")
    label = Audit.objects.filter(action="sign_in.locked").latest("number").actor_label
    assert (label in shown(site), "nobody" in shown(site)) == (True, False)
    assert label in shown(site, q="Nobody")


def test_they_are_found_by_the_beginning_of_a_name_or_an_address(
    site: Client, reviewer: User, viewer: User
) -> None:
    for name in ("rita", "vera"):
        tries(name)
    for text, found in (("ri", ["rita"]), ("VERA", ["vera"]), ("127.0", ["127.0.0.1"]), ("%", [])):
        rows = site.get(LIST, {"q": text}).context["cl"].result_list
        assert [str(row) for row in rows] == found


def test_whoever_is_unlocked_gets_in(site: Client, reviewer: User, admin: User) -> None:
    row = lock_out("rita")
    assert tries("rita", PASSWORD) == 429
    assert "a guesser may go on" in act(site, LIST, "unlock", row.pk)
    assert tries("rita", PASSWORD) == 429
    page = act(site, LIST, "unlock", row.pk, reason="she rang me up")
    assert "rita may try again." in page.lower()
    assert tries("rita", PASSWORD) == 200
    audit = Audit.objects.filter(entity_type="user", entity_id=str(reviewer.pk)).get(
        action="sign_in.unlocked"
    )
    assert (audit.user_id, audit.reason, audit.source) == (admin.pk, "she rang me up", "admin")
    assert audit.told == {
        "before": {"failures": 3, "locked": True},
        "after": {"failures": 0, "locked": False},
    }


def test_so_is_an_address(site: Client, reviewer: User, settings: Any) -> None:
    settings.SIGN_IN_FAILURES_PER_ADDRESS = 2
    tries("rita", times=2)
    assert tries("rita", PASSWORD) == 429
    row = FailedSignIns.objects.get(who__startswith="address:")
    act(site, LIST, "unlock", row.pk, reason="the whole office sits there")
    assert tries("rita", PASSWORD) == 200
    assert Audit.objects.filter(
        entity_type="address", entity_id="127.0.0.1", reason__gt=""
    ).exists()


def test_what_is_not_locked_stays_as_it_is(site: Client, reviewer: User) -> None:
    tries("rita", times=2)
    row = FailedSignIns.objects.get(failures=2, who__startswith="account:")
    assert "It is not locked" in act(site, LIST, "unlock", row.pk, reason="just so")
    assert FailedSignIns.objects.get(pk=row.pk).failures == 2
    assert not Audit.objects.filter(action="sign_in.unlocked", reason="just so").exists()


def test_a_lock_that_is_over_is_no_lock(site: Client, reviewer: User) -> None:
    row = lock_out("rita")
    FailedSignIns.objects.update(expires_at=seconds_from_now(-1))
    assert ("rita" in shown(site, locked="yes"), "forgotten" in shown(site)) == (False, True)
    assert "It is not locked" in act(site, LIST, "unlock", row.pk, reason="just so")


def test_it_costs_the_same_however_many_there_are(site: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(site)
        return len(queries)

    make_person("first")
    tries("first")
    one = cost()
    for number in range(5):
        make_person(f"person {number}")
        tries(f"person {number}")
    assert cost() == one


def test_nothing_is_added_edited_or_deleted(site: Client, reviewer: User) -> None:
    row = lock_out("rita")
    page = f"{LIST}{quoted(row)}"
    assert site.post(f"{page}/change/", {"failures": 0}).status_code == 403
    assert site.get(f"{LIST}add/").status_code == 403
    assert site.post(f"{page}/delete/", {"post": "yes"}).status_code == 403
    assert FailedSignIns.objects.get(pk=row.pk).failures == 3


def test_nobody_but_admins_unlocks(manager: User, reviewer: User) -> None:
    row = lock_out("rita")
    site = site_for(manager)
    assert site.get(LIST).status_code == 403
    act(site, LIST, "unlock", row.pk, reason="let her in")
    assert FailedSignIns.objects.get(pk=row.pk).failures == 3


def test_the_page_of_a_person_leads_to_their_failures(site: Client, reviewer: User) -> None:
    page = site.get(f"/admin/agentic/user/{reviewer.pk}/change/").content.decode()
    assert f"{LIST}?q=rita" in page
