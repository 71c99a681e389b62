"""The frame around every page: where one can go, who one is, what waits, and from where on the page is live."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from agentic.roles import may
from oversight.counters import Counter, counters_for


class Entry(NamedTuple):
    """A page in the menu, by the name of its address."""

    page: str
    label: str
    rule: str


MENU: tuple[Entry, ...] = (
    Entry("dashboard", "Dashboard", "tasks.view"),
    Entry("reviews", "Review", "reviews.view"),
    Entry("escalations", "Escalations", "escalations.view"),
    Entry("tasks", "Tasks", "tasks.view"),
    Entry("agents", "Agents", "agents.view"),
    Entry("policies", "Policy", "policies.view"),
    Entry("models", "Models", "models.view"),
    Entry("training_jobs", "Training", "training.view"),
    Entry("event_log", "Events", "events.view"),
    Entry("audit_log", "Audit", "audits.view"),
)


class Shown(NamedTuple):
    label: str
    address: str
    here: bool
    counter: Counter | None


def shell(request: HttpRequest, position: int) -> dict[str, Any]:
    """What the base template takes. The page is live from `position` on."""
    counters = counters_for(request.user)
    return {
        "menu": menu(request, counters),
        "counters": counters,
        "position": position,
        "has_admin_site": admin.site.has_permission(request),
    }


def menu(request: HttpRequest, counters: dict[str, Counter]) -> list[Shown]:
    return [
        Shown(
            entry.label,
            address := reverse(entry.page),
            request.path == address or request.path.startswith(f"{address}/"),
            counters.get(entry.page),
        )
        for entry in MENU
        if may(request.user, entry.rule)
    ]
