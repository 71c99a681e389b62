"""What is said: ids, type, priority, level, a reason of our own, links. Never how a task is called or what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec
from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from decisions.models.task import Priority
from oversight.models import Notice, Reason, Topic

TYPES = {
    Topic.ESCALATION: "agentic.task.escalated",
    Topic.OVERDUE_REVIEW: "agentic.review.overdue",
    Topic.TEST: "agentic.notification.test",
}
WHY = "You are told because of what is chosen under Notifications on the platform"


def cloud_event(notice: Notice) -> bytes:
    """CloudEvents 1.0 in structured JSON. The id is the event's: the same on every way that leads to one receiver."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": str(notice.event_id or notice.pk),
            "source": f"{settings.PUBLIC_URL}/",
            "type": TYPES[Topic(notice.topic)],
            "subject": str(notice.task_id or notice.target_id),
            "time": notice.occurred_at,
            "datacontenttype": "application/json",
            "data": told(notice),
        }
    )


def told(notice: Notice) -> dict[str, Any]:
    if notice.task is None:
        return {"message": "This is a test."}
    return {
        "task_id": notice.task_id,
        "task_type": notice.task.task_type,
        "priority": Priority(notice.task.priority).label,
        "level": notice.level,
        "reason": notice.reason,
        "url": address_of(notice),
    }


def address_of(notice: Notice) -> str:
    """Of the task's page; empty where nobody has said what the platform's own address is."""
    if not settings.PUBLIC_URL or notice.task_id is None:
        return ""
    return f"{settings.PUBLIC_URL}{reverse('task', args=[notice.task_id])}"


def email(notices: Sequence[Notice], to: str) -> EmailMessage:
    """One message for all that is due to one reader at this moment."""
    where = f" ({settings.PUBLIC_URL}{reverse('notifications')})" if settings.PUBLIC_URL else ""
    body = "\n\n".join([*map(paragraph, notices), f"{WHY}{where}."])
    # The same for the same content: a mailbox that gets it twice may know it by this.
    name = uuid5(NAMESPACE_URL, " ".join(sorted(str(notice.pk) for notice in notices)))
    headers = {"Auto-Submitted": "auto-generated", "Message-ID": f"<{name}@agentic>"}
    return EmailMessage(subject(notices), body, to=[to], headers=headers)


def subject(notices: Sequence[Notice]) -> str:
    tasks = {notice.task for notice in notices if notice.task}
    if not tasks:
        return "A test of your notifications"
    highest = Priority(max(task.priority for task in tasks)).label
    number = "A task needs" if len(tasks) == 1 else f"{len(tasks)} tasks need"
    return f"{number} a person, priority {highest}"


def paragraph(notice: Notice) -> str:
    if notice.task is None:
        return "This is a test. Messages of the platform reach you here."
    said = told(notice)
    lines = [
        f"Task {said['task_id']}",
        f"{Reason(notice.reason).label} Escalation level {said['level']}, priority {said['priority']}, "
        f"type {said['task_type']}, {notice.occurred_at:%F %T} UTC.",
        said["url"],
    ]
    return "\n".join(line for line in lines if line)
