"""Words for the tests of notifications: who is told, what happens, and what came of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from agentic.actors import Actor, ActorKind, Source
from agentic.clock import Now
from agentic.models import User
from oversight.models import Notice
from oversight.notifications import targets
from oversight.notifications.following import follow
from oversight.notifications.sending import notify
from tests.decisions.floor import Floor

BOTH = ("escalation", "overdue_review")
SECRET_TITLE, SECRET_PAYLOAD = "merge Ann Smith's file", "4111-1111"


def acting(user: User) -> Actor:
    return Actor(ActorKind.USER, user.pk, user.username, Source.WEB)


def webhook_of(user: User, address: str, topics: Any = BOTH) -> targets.Added:
    return targets.add_own_webhook(actor=acting(user), user=user, address=address, topics=topics)


def email_to(user: User, topics: Any = BOTH) -> None:
    targets.choose_own_email(actor=acting(user), user=user, topics=topics)


def begin() -> None:
    """The reader has read what there was."""
    while follow():
        pass


def escalated(floor: Floor, **values: Any) -> UUID:
    """A task with a name and content that must never travel, which a person has just handed over."""
    about = {"title": SECRET_TITLE, "payload": {"card": SECRET_PAYLOAD}, **values}
    task_id = floor.queue(**about)
    floor.escalate(task_id)
    return task_id


def tick() -> None:
    notify()


def pass_by(seconds: float) -> None:
    """So much later, for whatever waits for its next try."""
    waiting = Notice.objects.filter(outcome="")
    for notice in waiting:
        assert notice.due_at is not None
        Notice.objects.filter(pk=notice.pk).update(
            due_at=notice.due_at - timedelta(seconds=seconds)
        )


def due_at_once() -> None:
    Notice.objects.filter(outcome="").update(due_at=Now())


def the_notice() -> Notice:
    return Notice.objects.get()


def outcomes() -> list[str]:
    return sorted(Notice.objects.values_list("outcome", flat=True))
