"""Messages are kept for a time; a way is chosen once, by however many at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from agentic.clock import Now, database_now
from agentic.errors import Invalid
from agentic.ids import first_id_at
from agentic.models import User
from oversight import tasks
from oversight.models import Notice, NotificationTarget
from oversight.notifications import clearing, targets
from tests.decisions.floor import Floor
from tests.decisions.threads import at_once
from tests.oversight.telling import acting, begin, escalated, webhook_of


def age(days: int) -> None:
    """All messages that there are were made so long ago."""
    first = first_id_at(database_now() - timedelta(days=days))
    for number, notice in enumerate(Notice.objects.all()):
        old, notice.pk = notice.pk, type(first)(int=first.int + number)
        Notice.objects.filter(pk=old).update(id=notice.pk)


@pytest.fixture
def told(floor: Floor, reviewer: User) -> targets.Added:
    added = webhook_of(reviewer, "https://hooks.example.org/")
    begin()
    escalated(floor)
    begin()
    return added


def ended() -> None:
    Notice.objects.update(outcome="failed", due_at=None, ended_at=Now())


def test_what_ended_long_ago_goes_and_is_not_made_again(told: targets.Added) -> None:
    ended()
    age(91)
    assert clearing.clear_notices() == 1
    begin()
    assert not Notice.objects.exists()


def test_what_is_newer_or_still_waits_stays(told: targets.Added) -> None:
    age(91)
    assert clearing.clear_notices() == 0
    ended()
    age(89)
    assert clearing.clear_notices() == 0
    assert Notice.objects.count() == 1


def test_a_way_that_was_removed_goes_with_its_last_message(told: targets.Added) -> None:
    NotificationTarget.objects.update(removed_at=Now() - timedelta(days=91))
    ended()
    assert clearing.clear_notices() == 0
    age(91)
    assert clearing.clear_notices() == 2
    assert not NotificationTarget.objects.exists()


def test_a_way_that_is_used_stays(told: targets.Added) -> None:
    ended()
    age(91)
    tasks.clear_notices()
    assert NotificationTarget.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_choose_the_same_mailbox_at_once_one_is_told_so(admin: User) -> None:
    def choose() -> str:
        targets.add_role_email(actor=acting(admin), user=admin, role="admin", topics=["escalation"])
        return "chosen"

    for _ in range(5):
        found = at_once(choose, choose, choose)
        assert found.count("chosen") == 1
        assert sum(isinstance(one, Invalid) for one in found) == 2
        NotificationTarget.objects.all().update(removed_at=Now())
