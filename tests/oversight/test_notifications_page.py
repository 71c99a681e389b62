"""Everybody chooses for themselves, admins for roles; each sees what came of it, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agentic.models import Audit, User
from agentic.roles import Role
from oversight.models import Notice, NotificationTarget
from oversight.notifications import targets
from oversight.notifications.sealing import opened
from oversight.selectors.notices import notices_of
from tests.conftest import make_person
from tests.decisions.floor import Floor
from tests.oversight.telling import acting, begin, email_to, escalated, tick, webhook_of

Browse = Callable[[User], Client]
PAGE = "/notifications"
HOOK = "https://hooks.example.org/services/T0/s3cr3t9"
HTMX = {"HX-Request": "true"}


def shown(browser: Client, **query: str) -> str:
    answer = browser.get(PAGE, query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def add(browser: Client, address: str = HOOK, path: str = "/webhooks", **more: Any) -> Any:
    said = {"address": address, "topics": ["escalation"], **more}
    return browser.post(f"{PAGE}{path}", said)


@pytest.fixture(autouse=True)
def with_a_mail_server(settings: Any) -> None:
    settings.EMAIL_URL = "smtp://somewhere"


def test_a_person_switches_their_own_email_on_and_off(browse: Browse, reviewer: User) -> None:
    browser = browse(reviewer)
    assert "rita@example.org" in shown(browser)
    answer = browser.post(f"{PAGE}/email", {"topics": ["escalation", "overdue_review"]})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    target = NotificationTarget.objects.get()
    assert (target.person, target.topics) == (reviewer, ["escalation", "overdue_review"])
    assert shown(browser).count(" checked") > shown(
        browse(make_person("rob", Role.REVIEWER))
    ).count(" checked")
    browser.post(f"{PAGE}/email", {})
    target.refresh_from_db()
    assert target.topics == []


def test_a_secret_is_shown_once_and_kept_so_that_nobody_reads_it(
    browse: Browse, reviewer: User
) -> None:
    browser = browse(reviewer)
    page = add(browser).content.decode()
    found = re.search(r"whsec_[\w+/=]+", page)
    assert found
    assert found[0] not in shown(browser)
    target = NotificationTarget.objects.get()
    assert opened(target.sealed).secret == found[0]
    assert opened(target.sealed).address == HOOK
    row = str(NotificationTarget.objects.values().get())
    assert found[0] not in row
    assert HOOK not in row


def test_the_whole_address_is_shown_to_nobody(
    browse: Browse, reviewer: User, admin: User, floor: Floor
) -> None:
    add(browse(reviewer))
    add(browse(admin), path="/roles", kind="webhook", role="reviewer")
    begin()
    escalated(floor)
    begin()
    for browser in (browse(reviewer), browse(admin)):
        page = shown(browser, of="everybody")
        assert "https://hooks.example.org/…r3t9" in page
        assert "s3cr3t9" not in page
    assert "s3cr3t9" not in str(list(Audit.objects.values()))


def test_each_change_is_in_the_audit_log(browse: Browse, reviewer: User) -> None:
    browser = browse(reviewer)
    add(browser)
    target = NotificationTarget.objects.get()
    browser.post(f"{PAGE}/{target.pk}/topics", {"topics": ["overdue_review"]})
    browser.post(f"{PAGE}/{target.pk}/topics", {"topics": ["overdue_review"]})  # nothing new
    browser.post(f"{PAGE}/{target.pk}/remove")
    rows = Audit.objects.filter(action="notifications.changed", entity_id=str(target.pk))
    told = [row.told for row in rows.order_by("number")]
    assert [(one["after"] or {}).get("topics") for one in told] == [
        ["escalation"],
        ["overdue_review"],
        None,
    ]
    assert {row.user_id for row in rows} == {reviewer.pk}
    assert told[-1]["removed"] is True


@pytest.mark.parametrize("act", ["topics", "test", "remove"])
def test_nobody_reaches_what_is_anothers(
    browse: Browse, reviewer: User, admin: User, act: str
) -> None:
    """An admin neither: they look after those of roles."""
    mine = webhook_of(reviewer, HOOK).target
    others = (admin, make_person("rob", Role.REVIEWER))
    answers = [browse(other).post(f"{PAGE}/{mine.pk}/{act}") for other in others]
    assert [answer.status_code for answer in answers] == [404, 404]
    mine.refresh_from_db()
    assert (mine.topics, mine.removed_at) == (["escalation", "overdue_review"], None)
    assert Notice.objects.count() == 0


def test_only_an_admin_chooses_for_a_role(browse: Browse, reviewer: User, admin: User) -> None:
    said = {"kind": "email", "role": "reviewer", "topics": ["escalation"]}
    assert browse(reviewer).post(f"{PAGE}/roles", said).status_code == 403
    assert browse(admin).post(f"{PAGE}/roles", said).status_code == 302
    target = NotificationTarget.objects.get()
    assert browse(reviewer).post(f"{PAGE}/{target.pk}/remove").status_code == 404
    assert "to the address of each account" in shown(browse(admin))
    assert "to the address of each account" not in shown(browse(reviewer))
    assert browse(admin).post(f"{PAGE}/{target.pk}/remove").status_code == 302
    assert not targets.live_targets().exists()


WRONG = {
    "inside": ("webhooks", {"address": "https://169.254.169.254/", "topics": "escalation"}),
    "no address": ("webhooks", {"topics": "escalation"}),
    "no topic": ("webhooks", {"address": HOOK}),
    "unknown topic": ("webhooks", {"address": HOOK, "topics": "weather"}),
    "nul": ("webhooks", {"address": "https://a.example\x00.org/", "topics": "escalation"}),
    "role that sees nothing": (
        "roles",
        {"kind": "email", "role": "viewer", "topics": "escalation"},
    ),
    "no such role": ("roles", {"kind": "email", "role": "king", "topics": "escalation"}),
    "no such kind": ("roles", {"kind": "pigeon", "role": "admin", "topics": "escalation"}),
    "no e-mail": (
        "roles",
        {"kind": "email", "role": "admin", "address": "a@b\r\nBcc: c@d", "topics": "escalation"},
    ),
    "webhook without": ("roles", {"kind": "webhook", "role": "admin", "topics": "escalation"}),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_cannot_be_is_refused_with_a_word_and_changes_nothing(
    browse: Browse, admin: User, wrong: str
) -> None:
    path, said = WRONG[wrong]
    browser = browse(admin)
    for headers in ({}, HTMX):
        answer = browser.post(f"{PAGE}/{path}", said, headers=headers)
        assert answer.status_code == 400
        assert re.search(r"address|topics|role|kind", answer.content.decode())
    assert NotificationTarget.objects.count() == 0


def test_a_person_has_so_many_webhooks_and_no_more(browse: Browse, reviewer: User) -> None:
    browser = browse(reviewer)
    answers = [add(browser).status_code for _ in range(targets.MOST_WEBHOOKS + 1)]
    assert answers == [200] * targets.MOST_WEBHOOKS + [429]


def test_a_role_is_told_once_at_one_address(browse: Browse, admin: User) -> None:
    browser = browse(admin)
    said = {"kind": "email", "role": "admin", "topics": ["escalation"]}
    assert browser.post(f"{PAGE}/roles", said).status_code == 302
    assert browser.post(f"{PAGE}/roles", said).status_code == 400


def test_a_test_is_sent_and_seen_but_not_again_and_again(browse: Browse, viewer: User) -> None:
    browser = browse(viewer)
    browser.post(f"{PAGE}/email", {"topics": ["escalation"]})
    target = NotificationTarget.objects.get()
    assert browser.post(f"{PAGE}/{target.pk}/test").status_code == 302
    assert browser.post(f"{PAGE}/{target.pk}/test").status_code == 429
    begin()
    tick()
    assert [message.to for message in mail.outbox] == [["vera@example.org"]]
    assert "sent" in shown(browser)


def test_deliveries_are_ones_own_and_an_admins_all(
    browse: Browse, floor: Floor, reviewer: User, admin: User
) -> None:
    begin()
    email_to(reviewer)
    task_id = escalated(floor)
    tick()
    mine, anothers = browse(reviewer), browse(make_person("rob", Role.REVIEWER))
    assert str(task_id) in shown(mine)
    for query in ({}, {"of": "everybody"}):
        assert str(task_id) not in shown(anothers, **query)
    assert str(task_id) not in shown(browse(admin))
    assert str(task_id) in shown(browse(admin), of="everybody")
    assert [notice.outcome for notice in notices_of(task_id)] == ["sent"]


def test_whoever_lost_the_role_sees_no_escalation_in_the_list(
    browse: Browse, floor: Floor, reviewer: User
) -> None:
    begin()
    email_to(reviewer)
    task_id = escalated(floor)
    tick()
    reviewer.groups.clear()
    make_person("vic", Role.VIEWER)
    reviewer.groups.add(*User.objects.get(username="vic").groups.all())
    assert str(task_id) not in shown(browse(reviewer))


def test_a_viewer_is_told_that_nothing_comes_yet(
    browse: Browse, viewer: User, reviewer: User
) -> None:
    assert "Your role does not see escalations" in shown(browse(viewer))
    assert "Your role does not see escalations" not in shown(browse(reviewer))


def test_it_says_when_there_is_no_mail_server(
    browse: Browse, reviewer: User, settings: Any
) -> None:
    settings.EMAIL_URL = ""
    assert "No e-mail server is configured" in shown(browse(reviewer))


def test_htmx_gets_the_parts_and_what_is_said_about_them(browse: Browse, reviewer: User) -> None:
    browser = browse(reviewer)
    part = browser.get(PAGE, headers=HTMX).content.decode()
    assert '<section id="deliveries"' in part
    assert "<html" not in part
    saved = browser.post(f"{PAGE}/email", {"topics": ["escalation"]}, headers=HTMX).content.decode()
    assert "Saved." in saved
    assert "<html" not in saved


def test_hostile_text_is_shown_as_text(browse: Browse, admin: User) -> None:
    hostile = "https://a.example/<script>alert(1)</script>"
    browser = browse(admin)
    page = add(browser, hostile).content.decode() + shown(browser)
    assert "<script>alert" not in page


def test_the_page_costs_the_same_however_much_there_is(
    browse: Browse, floor: Floor, admin: User
) -> None:
    begin()
    targets.add_role_email(actor=acting(admin), user=admin, role="admin", topics=["escalation"])
    webhook_of(admin, HOOK)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            shown(browser, of="everybody")
        return len(queries)

    browser = browse(admin)
    escalated(floor)
    begin()
    first = cost()
    make_person("amy", Role.ADMIN)
    for number in range(3):
        webhook_of(admin, f"{HOOK}{number}")
        escalated(floor, title=f"number {number}")
    begin()
    assert cost() == first


@pytest.mark.parametrize("table", ["notificationtarget", "notice"])
def test_the_admin_site_shows_no_secret(
    browse: Browse, floor: Floor, admin: User, table: str
) -> None:
    begin()
    secret = webhook_of(admin, HOOK).secret
    escalated(floor)
    begin()
    User.objects.filter(pk=admin.pk).update(is_staff=True)
    row: Any = NotificationTarget if table == "notificationtarget" else Notice
    listed = browse(admin).get(f"/admin/oversight/{table}/").content.decode()
    page = browse(admin).get(f"/admin/oversight/{table}/{row.objects.get().pk}/change/")
    assert page.status_code == 200
    assert "hooks.example.org/…r3t9" in listed
    for text in (listed, page.content.decode()):
        assert secret not in text
        assert "s3cr3t9" not in text
