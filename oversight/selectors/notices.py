"""Who is told, and what came of it."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet

from agentic.models import User
from agentic.roles import may
from oversight.models import Kind, Notice, NotificationTarget, Topic
from oversight.notifications.targets import MANAGE, TOLD, live_targets

SHOWN = 50


def notices_of(task_id: UUID) -> QuerySet[Notice]:
    """Whoever was told of this task, the newest first; for those who see escalations."""
    return with_target(Notice.objects.filter(task=task_id))


def deliveries(user: User, *, of_everybody: bool) -> QuerySet[Notice]:
    """The last ones: a person's own, and an admin's all. Of escalations nothing to whom does not see them."""
    everybody = of_everybody and may(user, MANAGE)
    seen = Q() if everybody else Q(person=user)
    if not may(user, TOLD):
        seen &= Q(topic=Topic.TEST)
    return with_target(Notice.objects.filter(seen))[:SHOWN]


def with_target(notices: QuerySet[Notice]) -> QuerySet[Notice]:
    return notices.select_related("target", "target__person", "person").order_by("-id")


def own_email(user: User) -> NotificationTarget | None:
    return live_targets().filter(person=user, kind=Kind.EMAIL).first()


def own_webhooks(user: User) -> QuerySet[NotificationTarget]:
    return live_targets().filter(person=user, kind=Kind.WEBHOOK)


def role_targets() -> QuerySet[NotificationTarget]:
    return live_targets().filter(person__isnull=True).order_by("role", "created_at")
