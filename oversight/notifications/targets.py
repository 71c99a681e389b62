"""Who is told, and where: chosen by each for themselves, and by admins for roles."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from agentic.actors import Actor
from agentic.audits import record
from agentic.clock import Now
from agentic.errors import Invalid, NotFound, TooMany
from agentic.models import User
from agentic.roles import Role, may, somebody_with
from agentic.vocabulary import AuditAction
from oversight.models import Kind, Notice, NotificationTarget, Topic
from oversight.notifications.addresses import checked_email, checked_webhook, shown
from oversight.notifications.sealing import Webhook, sealed

MANAGE, TOLD = "notifications.manage", "escalations.view"
MOST_WEBHOOKS = 5  # of one person, or of one role
TEST_PAUSE = timedelta(seconds=10)


class Added(NamedTuple):
    """A new webhook. Its secret is shown this once."""

    target: NotificationTarget
    secret: str


def live_targets() -> QuerySet[NotificationTarget]:
    return NotificationTarget.objects.filter(removed_at__isnull=True)


def target_of(user: User, target_id: UUID) -> NotificationTarget:
    """The one way to a target: its owner's, or an admin's to those of roles. NotFound for everybody else."""
    reach = Q(person=user) | Q(person__isnull=True) if may(user, MANAGE) else Q(person=user)
    target = live_targets().select_for_update(no_key=True).filter(reach, pk=target_id).first()
    if target is None:
        raise NotFound("There is no such way.")
    return target


def told_roles() -> list[Role]:
    """The roles that may be told: those that see escalations."""
    return [role for role in Role if may(somebody_with(role), TOLD)]


@transaction.atomic
def choose_own_email(*, actor: Actor, user: User, topics: Collection[str]) -> NotificationTarget:
    """Of what the person is told at the address of their account; of nothing, with no topic."""
    if topics and not user.email:
        raise Invalid(email="your account has no e-mail address; an admin can enter one")
    target, _ = live_targets().get_or_create(
        person=user, kind=Kind.EMAIL, defaults={"created_by": user}
    )
    return choose(target, topics, actor)


@transaction.atomic
def choose_topics(
    *, actor: Actor, user: User, target_id: UUID, topics: Collection[str]
) -> NotificationTarget:
    return choose(target_of(user, target_id), topics, actor)


def choose(target: NotificationTarget, topics: Collection[str], actor: Actor) -> NotificationTarget:
    before = seen(target)
    set_topics(target, topics)
    target.save(update_fields=("on_escalation", "on_overdue_review"))
    if before != seen(target):
        tell(target, actor, before=before, after=seen(target))
    return target


@transaction.atomic
def add_own_webhook(*, actor: Actor, user: User, address: str, topics: Collection[str]) -> Added:
    return add_webhook(actor, address, topics, created_by=user, person=user)


@transaction.atomic
def add_role_webhook(
    *, actor: Actor, user: User, role: str, address: str, topics: Collection[str]
) -> Added:
    return add_webhook(actor, address, topics, created_by=user, role=checked_role(role))


def add_webhook(actor: Actor, address: str, topics: Collection[str], **whose: Any) -> Added:
    plain, secret = checked_webhook(address), new_secret()
    owner = {name: value for name, value in whose.items() if name != "created_by"}
    if live_targets().filter(kind=Kind.WEBHOOK, **owner).count() >= MOST_WEBHOOKS:
        raise TooMany(f"There are {MOST_WEBHOOKS} webhooks already: remove one first.")
    target = NotificationTarget(
        kind=Kind.WEBHOOK, address=shown(plain), sealed=sealed(Webhook(plain, secret)), **whose
    )
    return Added(add(target, topics, actor), secret)


@transaction.atomic
def add_role_email(
    *, actor: Actor, user: User, role: str, topics: Collection[str], address: str = ""
) -> NotificationTarget:
    """To each who has the role, at the address of their account; with an address, to that one alone."""
    plain = checked_email(address) if address.strip() else ""
    target = NotificationTarget(
        kind=Kind.EMAIL, role=checked_role(role), address=plain, created_by=user
    )
    try:
        with transaction.atomic():
            return add(target, topics, actor)
    except (
        IntegrityError
    ) as error:  # by the one row for each that the database allows, also of two at once
        raise Invalid(address="this role is told there already") from error


@transaction.atomic
def remove_target(*, actor: Actor, user: User, target_id: UUID) -> None:
    """Nothing is sent there any more. What was sent stays in the list."""
    target = target_of(user, target_id)
    NotificationTarget.objects.filter(pk=target.pk).update(removed_at=Now())
    tell(target, actor, before=seen(target), removed=True)


@transaction.atomic
def send_test(*, user: User, target_id: UUID) -> Notice:
    """A message that says nothing, on the same way as all others. TooMany right after another one."""
    target = target_of(user, target_id)
    tests = Notice.objects.filter(
        target=target, topic=Topic.TEST, occurred_at__gt=Now() - TEST_PAUSE
    )
    if tests.exists():
        raise TooMany("A test was sent a moment ago: look at what came of it first.")
    to_all = target.kind == Kind.EMAIL and not target.address
    return Notice.objects.create(
        target=target,
        kind=target.kind,
        # A role's members are not bothered with it: it goes to whoever asks.
        person=user if to_all else target.person,
        topic=Topic.TEST,
        occurred_at=Now(),
        due_at=Now(),
    )


def add(target: NotificationTarget, topics: Collection[str], actor: Actor) -> NotificationTarget:
    set_topics(target, topics)
    if not target.topics:
        raise Invalid(topics="choose one at least")
    target.save()
    tell(target, actor, after=seen(target))
    return target


def set_topics(target: NotificationTarget, topics: Collection[str]) -> None:
    target.on_escalation = Topic.ESCALATION in topics
    target.on_overdue_review = Topic.OVERDUE_REVIEW in topics


def checked_role(role: str) -> str:
    if role not in told_roles():
        raise Invalid(role=f"one of {', '.join(told_roles())}: only they see escalations")
    return role


def new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def seen(target: NotificationTarget) -> dict[str, Any]:
    return {
        "kind": target.kind,
        "to": target.address or "the account's address",
        "role": target.role,
        "topics": target.topics,
    }


def tell(target: NotificationTarget, actor: Actor, **said: Any) -> None:
    record(
        AuditAction.NOTIFICATIONS_CHANGED,
        actor=actor,
        entity_type="notification_target",
        entity_id=target.pk,
        **said,
    )
