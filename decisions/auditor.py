"""Watches the watchers: looks for any open task that is overdue, and pings a heartbeat only when there is none."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
from django.conf import settings
from django.db.models import F

from agentic.clock import Now
from decisions.models import Escalation, Task
from decisions.states import State

GRACE = timedelta(seconds=30)
SHOWN = 20
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Findings:
    """Tasks that nobody looked at in time, escalated ones that no list shows, and such as the sweep cannot move."""

    overdue: list[UUID]
    unlisted: list[UUID]
    stuck: list[UUID]

    @property
    def clean(self) -> bool:
        return not (self.overdue or self.unlisted or self.stuck)


def look() -> Findings:
    overdue = Task.objects.filter(due_at__lt=Now() - GRACE).order_by("due_at")
    listed = Escalation.objects.filter(resolved_at__isnull=True).values("task")
    unlisted = Task.objects.filter(state=State.ESCALATED).exclude(pk__in=listed)
    stuck = Task.objects.filter(stuck_version=F("version"))
    return Findings(
        *(list(found.values_list("pk", flat=True)[:SHOWN]) for found in (overdue, unlisted, stuck))
    )


def audit() -> Findings:
    """Look, report what is wrong, and ping `AUDITOR_HEARTBEAT_URL` only after a clean pass."""
    findings = look()
    if not findings.clean:
        logger.error(
            "overdue tasks: %s; escalated but not listed: %s; impossible to move: %s",
            findings.overdue,
            findings.unlisted,
            findings.stuck,
        )
    elif settings.AUDITOR_HEARTBEAT_URL:
        ping(settings.AUDITOR_HEARTBEAT_URL)
    return findings


def ping(url: str) -> None:
    try:
        httpx.get(url, timeout=5).raise_for_status()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The address may hold a secret: only the kind of failure is logged.
        logger.warning("the auditor's heartbeat could not be sent: %s", type(error).__name__)
