"""A webhook is told of escalations and overdue reviews: signed, without what a task holds, and again if need be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from agentic.models import User
from decisions.services.escalations import acknowledge_escalation
from decisions.sweep import sweep
from oversight.models import Notice
from oversight.notifications import targets
from oversight.notifications.sending import BACKOFF
from tests.conftest import make_person
from tests.decisions.floor import Floor, let_pass, row
from tests.oversight.receivers import Receiver, serving
from tests.oversight.telling import (
    SECRET_PAYLOAD,
    SECRET_TITLE,
    acting,
    begin,
    due_at_once,
    escalated,
    outcomes,
    pass_by,
    the_notice,
    tick,
    webhook_of,
)


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    settings.PUBLIC_URL = "https://agents.example.org"
    receiver = Receiver()
    with serving(receiver):
        yield receiver


@pytest.fixture
def secret(reviewer: User, receiver: Receiver) -> str:
    """Of a webhook of rita's, who is told of everything from now on."""
    begin()
    return webhook_of(reviewer, receiver.address).secret


def test_it_tells_of_an_escalation_in_a_signed_cloud_event(
    floor: Floor, receiver: Receiver, secret: str
) -> None:
    task_id = escalated(floor, priority="high", task_type="refund")
    tick()
    (post,) = receiver.got
    assert Webhook(secret).verify(post.body, post.headers) == post.said
    assert post.path == "/hooks/7f3a"
    assert post.headers["Content-Type"].startswith("application/cloudevents+json")
    notice = the_notice()
    assert post.headers["webhook-id"] == f"msg_{notice.pk.hex}"
    assert post.said == {
        "specversion": "1.0",
        "id": str(notice.event_id),
        "source": "https://agents.example.org/",
        "type": "agentic.task.escalated",
        "subject": str(task_id),
        "time": post.said["time"],
        "datacontenttype": "application/json",
        "data": {
            "task_id": str(task_id),
            "task_type": "refund",
            "priority": "high",
            "level": 1,
            "reason": "by_hand",
            "url": f"https://agents.example.org/tasks/{task_id}",
        },
    }
    assert (notice.outcome, notice.attempts) == ("sent", 1)


def test_it_says_nothing_that_a_task_holds_or_is_called(
    floor: Floor, receiver: Receiver, secret: str
) -> None:
    task_id, token = floor.working(
        title=SECRET_TITLE, payload={"card": SECRET_PAYLOAD}, max_retries=0
    )
    floor.fail(task_id, token, kind="Leak")
    let_pass(task_id)
    sweep()
    tick()
    (post,) = receiver.got
    everything = post.body.decode() + str(post.headers)
    assert post.said["data"]["reason"] == "failed"
    for hidden in (SECRET_TITLE, "Ann", SECRET_PAYLOAD, "Leak", "it broke", floor.agent.name):
        assert hidden not in everything


def test_a_message_that_somebody_changed_does_not_verify(
    floor: Floor, receiver: Receiver, secret: str
) -> None:
    escalated(floor)
    tick()
    (post,) = receiver.got
    forged = post.body.replace(b"by_hand", b"forgery")
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(forged, post.headers)


def test_an_overdue_review_is_told_as_such(floor: Floor, receiver: Receiver, secret: str) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token)
    let_pass(task_id)
    sweep()
    assert row(task_id).state == "escalated"
    tick()
    (post,) = receiver.got
    assert (post.said["type"], post.said["data"]["reason"]) == (
        "agentic.review.overdue",
        "review_overdue",
    )


@pytest.mark.parametrize(("topic", "told"), [("escalation", 0), ("overdue_review", 1)])
def test_it_tells_of_what_was_chosen_only(
    floor: Floor, receiver: Receiver, reviewer: User, topic: str, told: int
) -> None:
    begin()
    webhook_of(reviewer, receiver.address, [topic])
    task_id, token = floor.working()
    floor.complete(task_id, token)
    let_pass(task_id)
    sweep()
    tick()
    assert len(receiver.got) == told


def test_it_tells_each_level_of_an_escalation_once(
    floor: Floor, receiver: Receiver, secret: str
) -> None:
    task_id = escalated(floor)
    tick()
    tick()
    let_pass(task_id)
    sweep()
    tick()
    tick()
    assert [(p.said["data"]["level"], p.said["data"]["reason"]) for p in receiver.got] == [
        (1, "by_hand"),
        (2, "nobody_acted"),
    ]


def test_it_tries_again_with_the_same_id_until_it_is_taken(
    floor: Floor, receiver: Receiver, secret: str
) -> None:
    receiver.statuses = [500, 302, 204]
    escalated(floor)
    tick()
    assert (the_notice().error, the_notice().outcome) == ("answered with status 500", "")
    tick()  # too early
    assert len(receiver.got) == 1
    pass_by(BACKOFF[0])
    tick()
    assert the_notice().error == "answered with status 302"  # and nobody went elsewhere
    pass_by(BACKOFF[1])
    tick()
    assert len({post.headers["webhook-id"] for post in receiver.got}) == 1
    assert {post.path for post in receiver.got} == {"/hooks/7f3a"}
    assert (the_notice().outcome, the_notice().attempts, the_notice().error) == ("sent", 3, "")


def test_it_gives_up_after_the_last_try(floor: Floor, receiver: Receiver, secret: str) -> None:
    receiver.statuses = [503]
    escalated(floor)
    for pause in (*BACKOFF, 0):
        tick()
        pass_by(pause)
    due_at_once()
    tick()
    assert len(receiver.got) == len(BACKOFF) + 1
    notice = the_notice()
    assert (notice.outcome, notice.error) == ("failed", "answered with status 503")


def test_a_receiver_that_is_gone_is_left_alone(
    floor: Floor, receiver: Receiver, secret: str
) -> None:
    receiver.statuses = [410]
    escalated(floor)
    tick()
    assert (the_notice().outcome, the_notice().attempts) == ("failed", 1)


def test_it_stops_when_somebody_acknowledges(
    floor: Floor, receiver: Receiver, secret: str, reviewer: User
) -> None:
    receiver.statuses = [500]
    task_id = escalated(floor)
    tick()
    acknowledge_escalation(task_id, actor=acting(reviewer))
    tick()
    assert (the_notice().outcome, the_notice().error) == ("stopped", "acknowledged or over")
    assert len(receiver.got) == 1


def test_it_stops_when_the_task_is_decided(floor: Floor, receiver: Receiver, secret: str) -> None:
    task_id = escalated(floor)
    floor.override(task_id)
    tick()
    assert receiver.got == []
    assert outcomes() == ["stopped"]


def test_it_tells_the_next_level_though_somebody_acknowledged_the_one_before(
    floor: Floor, receiver: Receiver, secret: str, reviewer: User
) -> None:
    task_id = escalated(floor)
    tick()
    acknowledge_escalation(task_id, actor=acting(reviewer))
    let_pass(task_id)
    sweep()
    tick()
    assert [post.said["data"]["level"] for post in receiver.got] == [1, 2]


def test_a_message_of_an_old_escalation_is_not_kept_alive_by_a_new_one(
    floor: Floor, receiver: Receiver, secret: str
) -> None:
    receiver.statuses = [500, 204]
    task_id = escalated(floor)
    tick()
    floor.patch(task_id, "queued")
    floor.escalate(task_id)
    due_at_once()
    tick()
    assert outcomes() == ["sent", "stopped"]
    assert len(receiver.got) == 2


def test_whoever_lost_the_role_before_the_sending_is_not_told(
    floor: Floor, receiver: Receiver, secret: str, reviewer: User
) -> None:
    receiver.statuses = [500, 204]
    escalated(floor)
    tick()
    reviewer.groups.clear()
    due_at_once()
    tick()
    assert len(receiver.got) == 1
    assert (the_notice().outcome, the_notice().error) == ("stopped", "no longer allowed")


@pytest.mark.parametrize("lost", ["account", "target", "topic"])
def test_it_stops_with_the_account_the_webhook_or_the_wish(
    floor: Floor, receiver: Receiver, reviewer: User, lost: str
) -> None:
    begin()
    target_id = webhook_of(reviewer, receiver.address).target.pk
    receiver.statuses = [500, 204]
    escalated(floor)
    tick()
    mine: dict[str, Any] = {"actor": acting(reviewer), "user": reviewer, "target_id": target_id}
    if lost == "account":
        User.objects.filter(pk=reviewer.pk).update(is_active=False)
    elif lost == "target":
        targets.remove_target(**mine)
    else:
        targets.choose_topics(**mine, topics=["overdue_review"])
    due_at_once()
    tick()
    assert outcomes() == ["stopped"]
    assert len(receiver.got) == 1


def test_whoever_does_not_see_escalations_is_told_of_none(
    floor: Floor, receiver: Receiver, viewer: User, manager: User
) -> None:
    begin()
    for person in (viewer, manager):
        webhook_of(person, receiver.address)
    escalated(floor)
    tick()
    assert receiver.got == []
    assert Notice.objects.count() == 0


def test_a_role_is_told_at_its_own_address(floor: Floor, receiver: Receiver, admin: User) -> None:
    begin()
    added = targets.add_role_webhook(
        actor=acting(admin),
        user=admin,
        role="reviewer",
        address=receiver.address,
        topics=["escalation"],
    )
    make_person("rolf")
    escalated(floor)
    tick()
    (post,) = receiver.got
    Webhook(added.secret).verify(post.body, post.headers)
    assert the_notice().person is None


def test_it_does_not_tell_of_what_happened_before_anybody_asked(
    floor: Floor, receiver: Receiver, reviewer: User
) -> None:
    escalated(floor)
    webhook_of(reviewer, receiver.address)
    tick()  # the first look ever
    tick()
    assert receiver.got == []


def test_a_test_goes_the_same_way_and_says_nothing(
    receiver: Receiver, secret: str, reviewer: User
) -> None:
    target = targets.live_targets().get()
    targets.send_test(user=reviewer, target_id=target.pk)
    tick()
    (post,) = receiver.got
    Webhook(secret).verify(post.body, post.headers)
    assert (post.said["type"], post.said["data"]) == (
        "agentic.notification.test",
        {"message": "This is a test."},
    )


def test_a_secret_that_cannot_be_read_any_more_is_said_so(
    floor: Floor, receiver: Receiver, secret: str, settings: Any
) -> None:
    settings.SECRET_KEY = "another key of forty characters or more!"
    escalated(floor)
    tick()
    assert receiver.got == []
    assert the_notice().outcome == "failed"
    assert "SECRET_KEY was replaced" in the_notice().error
