"""E-mail: to a person's own account, to each who has a role, or to a mailbox that a role shares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail

from agentic.errors import Invalid
from agentic.models import User
from agentic.roles import Role
from oversight.models import Notice
from oversight.notifications import targets
from tests.conftest import make_person
from tests.decisions.floor import Floor
from tests.oversight.receivers import Mailbox, serving
from tests.oversight.telling import (
    SECRET_PAYLOAD,
    SECRET_TITLE,
    acting,
    begin,
    due_at_once,
    email_to,
    escalated,
    outcomes,
    the_notice,
    tick,
)


@pytest.fixture(autouse=True)
def a_beginning(db: None, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://somewhere"
    settings.DEFAULT_FROM_EMAIL = "agents@example.org"
    settings.PUBLIC_URL = "https://agents.example.org"
    begin()


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    mailbox = Mailbox()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
    with serving(mailbox):
        yield mailbox


def tell_role(admin: User, role: str = "reviewer", address: str = "") -> None:
    targets.add_role_email(
        actor=acting(admin), user=admin, role=role, address=address, topics=["escalation"]
    )


def test_it_comes_over_smtp_without_what_the_task_holds(
    floor: Floor, mailbox: Mailbox, reviewer: User
) -> None:
    email_to(reviewer)
    task_id = escalated(floor, priority="critical", task_type="refund")
    tick()
    (letter,) = mailbox.got
    assert letter.to == ["rita@example.org"]
    assert letter.message["From"] == "agents@example.org"
    assert letter.message["Subject"] == "A task needs a person, priority critical"
    for said in (f"https://agents.example.org/tasks/{task_id}", "refund", "level 1", "by_hand"):
        assert said.replace("by_hand", "A person handed it over.") in letter.text
    everything = letter.message.as_string() + letter.text
    assert not [hidden for hidden in (SECRET_TITLE, "Ann", SECRET_PAYLOAD) if hidden in everything]
    assert outcomes() == ["sent"]


def test_a_server_that_refuses_is_asked_again(
    floor: Floor, mailbox: Mailbox, reviewer: User
) -> None:
    email_to(reviewer)
    mailbox.refuses = b"550 no such box, secret words"
    escalated(floor)
    tick()
    assert "secret" not in the_notice().error
    assert (the_notice().outcome, the_notice().attempts) == ("", 1)
    mailbox.refuses = b""
    due_at_once()
    tick()
    assert (the_notice().outcome, len(mailbox.got)) == ("sent", 1)


def test_a_server_that_is_away_is_asked_again(floor: Floor, reviewer: User, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    email_to(reviewer)
    escalated(floor)
    tick()
    assert the_notice().error == "the e-mail server did not take it (ConnectionRefusedError)"
    assert the_notice().due_at is not None


def test_many_at_once_become_one_message(floor: Floor, reviewer: User) -> None:
    email_to(reviewer)
    tasks = [escalated(floor, title=f"number {number}") for number in range(30)]
    tick()
    (message,) = mail.outbox
    assert message.subject == "30 tasks need a person, priority medium"
    assert all(str(task_id) in str(message.body) for task_id in tasks)
    assert outcomes() == ["sent"] * 30


def test_without_a_server_it_says_so_and_does_not_go_on(
    floor: Floor, reviewer: User, settings: Any
) -> None:
    settings.EMAIL_URL = ""
    email_to(reviewer)
    escalated(floor)
    tick()
    assert mail.outbox == []
    assert (the_notice().outcome, the_notice().error) == (
        "failed",
        "no e-mail server is configured",
    )


def test_each_who_has_the_role_is_told_at_their_own_address(
    floor: Floor, admin: User, reviewer: User
) -> None:
    make_person("rolf", Role.REVIEWER)
    make_person("vic", Role.VIEWER)
    without = make_person("rosa", Role.REVIEWER)
    User.objects.filter(pk=without.pk).update(email="")
    tell_role(admin)
    escalated(floor)
    tick()
    assert sorted(message.to for message in mail.outbox) == [
        ["rita@example.org"],
        ["rolf@example.org"],
    ]


def test_nobody_gets_the_same_message_twice(floor: Floor, admin: User, reviewer: User) -> None:
    both = make_person("bo", Role.REVIEWER, Role.ADMIN)
    email_to(reviewer)
    email_to(both)
    tell_role(admin)
    tell_role(admin, "admin")
    escalated(floor)
    tick()
    told = sorted(str(message.to[0]) for message in mail.outbox)
    assert told == ["ada@example.org", "bo@example.org", "rita@example.org"]


def test_a_role_shares_a_mailbox(floor: Floor, admin: User, reviewer: User) -> None:
    tell_role(admin, address="desk@example.org")
    escalated(floor)
    tick()
    assert [message.to for message in mail.outbox] == [["desk@example.org"]]


def test_whoever_left_the_role_before_the_sending_is_not_told(
    floor: Floor, admin: User, reviewer: User
) -> None:
    tell_role(admin)
    User.objects.filter(pk=reviewer.pk).update(email="rita@example.org")
    escalated(floor)
    begin()
    make_person("rolf", Role.REVIEWER)
    reviewer.groups.clear()
    tick()
    assert mail.outbox == []
    assert outcomes() == ["stopped"]


def test_a_test_to_a_role_reaches_whoever_asks(admin: User, reviewer: User) -> None:
    tell_role(admin)
    target = targets.live_targets().get()
    targets.send_test(user=admin, target_id=target.pk)
    tick()
    assert [message.to for message in mail.outbox] == [["ada@example.org"]]


def test_an_account_without_an_address_can_choose_nothing(reviewer: User) -> None:
    reviewer.email = ""
    with pytest.raises(Invalid):
        email_to(reviewer)
    assert not targets.live_targets().exists()
    assert not Notice.objects.exists()
