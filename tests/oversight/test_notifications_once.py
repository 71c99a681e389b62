"""However many processes look at once, or die: one message for each target, and at most one more sending."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from agentic.clock import seconds_from_now
from agentic.ids import new_id
from agentic.models import User
from decisions.services.escalations import acknowledge_escalation
from oversight.models import Notice, NoticeReader
from oversight.notifications import letters, outside, sending, ways
from oversight.notifications.following import escalations_between, follow, make
from oversight.notifications.sending import CLAIM_SECONDS, claim, notify, send_due
from tests.decisions.floor import Floor
from tests.decisions.threads import at_once
from tests.oversight.receivers import Receiver, serving
from tests.oversight.telling import (
    acting,
    begin,
    email_to,
    escalated,
    outcomes,
    pass_by,
    the_notice,
    tick,
    webhook_of,
)

on_postgresql = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite has one writer at a time"
)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    receiver = Receiver()
    with serving(receiver):
        yield receiver


def test_events_that_are_read_twice_make_one_message(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    begin()
    start = NoticeReader.objects.get().position
    webhook_of(reviewer, receiver.address)
    email_to(reviewer)
    escalated(floor)
    follow()
    upto = NoticeReader.objects.get().position
    make(list(escalations_between(start, upto)), upto)
    assert Notice.objects.count() == 2
    assert NoticeReader.objects.get().position == upto


def test_the_reader_never_goes_back(floor: Floor) -> None:
    begin()
    position = NoticeReader.objects.get().position
    make([], position - 1)
    assert NoticeReader.objects.get().position == position


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_at_once_make_one_message_and_send_it_once(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    begin()
    webhook_of(reviewer, receiver.address)
    for number in range(5):
        escalated(floor, title=f"number {number}")
    at_once(*[notify] * 4)
    while notify():
        pass
    assert len(receiver.got) == 5
    assert len({post.headers["webhook-id"] for post in receiver.got}) == 5
    assert outcomes() == ["sent"] * 5


@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_two_senders_at_once_never_send_the_same_one(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    """Past the turn-taking, which is for speed alone."""
    begin()
    webhook_of(reviewer, receiver.address)
    for number in range(8):
        escalated(floor, title=f"number {number}")
    follow()
    while sum(at_once(*[send_due] * 4)):
        pass
    assert len({post.headers["webhook-id"] for post in receiver.got}) == len(receiver.got) == 8


def test_whoever_died_before_the_sending_is_made_up_for(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    begin()
    webhook_of(reviewer, receiver.address)
    escalated(floor)
    follow()
    assert len(claim(new_id())) == 1  # and killed
    tick()
    assert receiver.got == []
    pass_by(CLAIM_SECONDS)
    tick()
    assert len(receiver.got) == 1
    assert (the_notice().outcome, the_notice().attempts) == ("sent", 2)


def test_whoever_died_after_the_sending_leads_to_one_more_with_the_same_id(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    begin()
    webhook_of(reviewer, receiver.address)
    escalated(floor)
    follow()
    ways.send(claim(new_id()))  # and killed before it could say so
    for _ in range(3):
        pass_by(CLAIM_SECONDS)
        tick()
    assert len(receiver.got) == 2
    assert len({post.headers["webhook-id"] for post in receiver.got}) == 1
    assert len({post.said["id"] for post in receiver.got}) == 1


def test_whoever_comes_back_late_does_not_overwrite_what_another_one_settled(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    begin()
    webhook_of(reviewer, receiver.address)
    escalated(floor)
    follow()
    late = new_id()
    letter = claim(late)
    pass_by(CLAIM_SECONDS)
    tick()
    sending.settle(letter, RuntimeError("it was asleep"), late)
    assert the_notice().outcome == "sent"


def test_one_process_sends_at_a_time_and_one_that_died_holds_it_up_for_a_minute(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    begin()
    webhook_of(reviewer, receiver.address)
    escalated(floor)
    with sending.alone() as granted:
        assert granted
        tick()
        assert receiver.got == []
        NoticeReader.objects.update(sending_until=seconds_from_now(-1))
        tick()
    assert len(receiver.got) == 1


def test_a_silent_receiver_holds_up_nobody_else(
    floor: Floor, receiver: Receiver, reviewer: User, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    silent, answered = threading.Event(), threading.Event()
    before = outside.post

    def post(address: str, body: bytes, headers: dict[str, str]) -> int:
        if "silent" in address:
            assert answered.wait(10)
            silent.set()
            raise outside.Undelivered("no answer within 5 seconds")
        status = before(address, body, headers)
        if len(receiver.got) == 4:
            answered.set()
        return status

    monkeypatch.setattr(ways, "post", post)
    webhook_of(reviewer, "https://silent.example.org/hook")
    webhook_of(admin, receiver.address)
    for number in range(6):
        escalated(floor, title=f"number {number}")
    tick()
    assert silent.is_set()
    assert outcomes() == [""] * 8 + ["sent"] * 4


def test_what_broke_on_our_side_is_tried_again(
    floor: Floor, receiver: Receiver, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin()
    webhook_of(reviewer, receiver.address)
    escalated(floor)
    with monkeypatch.context() as patch:
        patch.setattr(letters, "cloud_event", lambda notice: 1 / 0)
        tick()
    assert the_notice().error == "it broke on our side"
    pass_by(10)
    tick()
    assert the_notice().outcome == "sent"


def test_what_is_under_way_is_not_stopped_beside_it(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    """It is sent by then: to say that it was stopped would be a lie."""
    begin()
    webhook_of(reviewer, receiver.address)
    task_id = escalated(floor)
    follow()
    token = new_id()
    letter = claim(token)
    acknowledge_escalation(task_id, actor=acting(reviewer))
    sending.stop_unwanted()
    sending.settle(letter, None, token)
    assert the_notice().outcome == "sent"
