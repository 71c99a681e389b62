"""When a task is looked at next, and which ones nobody looked at in time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from agentic.admin_parts import NOTHING, badge
from agentic.clock import Now
from decisions.auditor import GRACE
from decisions.models import Task

UNITS = ((timedelta(days=1), "d"), (timedelta(hours=1), "h"), (timedelta(minutes=1), "min"))


class OverdueFilter(admin.SimpleListFilter):
    title = "timer"
    parameter_name = "overdue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", f"Overdue by more than {GRACE.seconds} s")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> QuerySet[Task] | None:
        return queryset.filter(overdue()) if self.value() == "yes" else None


def overdue() -> Q:
    """What the sweep should have looked at by now."""
    return Q(due_at__lt=Now() - GRACE)


def when_due(due_at: datetime | None, now: datetime) -> str:
    if due_at is None:
        return NOTHING
    if due_at < now - GRACE:
        return badge(f"overdue {in_words(now - due_at)}", "bad", f"{due_at:%F %T} UTC")
    text = f"in {in_words(due_at - now)}" if due_at > now else "now"
    return format_html('<span title="{} UTC">{}</span>', f"{due_at:%F %T}", text)


def in_words(span: timedelta) -> str:
    """By the largest unit of which there is one at least."""
    for unit, word in UNITS:
        if span >= unit:
            return f"{span // unit} {word}"
    return f"{span.seconds} s"
