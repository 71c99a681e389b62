"""The attempts at tasks, and what was handed to people."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from agentic.admin_lists import NamedChoices, StoryAdmin, still
from agentic.admin_parts import badge
from agentic.roles import may
from decisions.badges import outcome_badge, state_badge
from decisions.models import Attempt, Escalation

HEAVY_OF_TASKS = ("task__description", "task__payload", "task__result")


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg] # takes none at run time
    model = Attempt
    fields = readonly_fields = (
        "number", "agent", "how_it_ended", "assigned_at", "acked_at", "started_at", "ended_at", "progress", "message",
    )  # fmt: skip
    extra = 0
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("agent").defer("checkpoint")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "tasks.view")

    @admin.display(description="outcome")
    def how_it_ended(self, attempt: Attempt) -> str:
        return outcome_badge(attempt.outcome)


@admin.register(Attempt)
class AttemptAdmin(StoryAdmin):
    rule_to_view = "tasks.view"
    heavy = ("checkpoint", *HEAVY_OF_TASKS)
    hidden = ("lease_token", "request_digest")
    list_display = (
        "number", "task_link", "agent_link", "how_it_ended", "assigned_at", "ended_at", "lease_expires_at",
    )  # fmt: skip
    list_select_related = ("task", "agent")
    list_filter = (("outcome", NamedChoices), "assigned_at")
    search_fields = ("^agent__name",)
    search_help_text = "An id (of the attempt or its task), or the beginning of an agent's name."

    @admin.display(description="outcome")
    def how_it_ended(self, attempt: Attempt) -> str:
        return outcome_badge(attempt.outcome)


@admin.register(Escalation)
class EscalationAdmin(StoryAdmin):
    rule_to_view = "escalations.view"
    heavy = HEAVY_OF_TASKS
    list_display = (
        "level_shown", "task_link", "task_state", "reason", "opened_at", "opened_by", "assigned_to", "resolved_at",
        "resolved_by",
    )  # fmt: skip
    list_select_related = ("task", "opened_by", "assigned_to", "resolved_by")
    list_filter = (
        ("resolved_at", still(("open", "resolved"))),
        ("assigned_to", still(("nobody", "somebody"), "who takes care of it")),
        "level",
        "opened_at",
    )
    date_hierarchy = "opened_at"  # these wait for people: they never become very many
    search_fields = ("reason",)

    @admin.display(description="level")
    def level_shown(self, row: Escalation) -> str:
        tone = "quiet" if row.resolved_at else "bad"
        return badge(f"level {row.level}", tone)  # type: ignore[arg-type]

    @admin.display(description="the task is")
    def task_state(self, row: Escalation) -> str:
        return state_badge(row.task.state)
