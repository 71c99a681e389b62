"""Who is told, and what came of it, to be looked at; it is changed on the page of notifications."""

from __future__ import annotations

from django.contrib import admin

from agentic.admin_lists import NamedChoices, StoryAdmin, still
from agentic.admin_parts import badge
from oversight.models import Notice, NotificationTarget
from oversight.templatetags.notices import about, delivery


@admin.register(NotificationTarget)
class NotificationTargetAdmin(StoryAdmin):
    rule_to_view = "notifications.manage"
    list_display = (
        "kind",
        "address",
        "person",
        "role",
        "told_of",
        "state",
        "created_by",
        "created_at",
    )
    list_select_related = ("person", "created_by")
    list_filter = (
        ("kind", NamedChoices),
        ("removed_at", still(("in use", "removed"))),
        ("role", NamedChoices),
        "created_at",
    )
    search_fields = ("address", "^person__username")
    search_help_text = "An id, an address, or the beginning of a person's name."
    hidden = ("sealed",)

    @admin.display(description="told of")
    def told_of(self, target: NotificationTarget) -> str:
        return ", ".join(target.topics).replace("_", " ") or "nothing"

    @admin.display(description="state")
    def state(self, target: NotificationTarget) -> str:
        return badge("removed", "quiet") if target.removed_at else badge("in use", "good")


@admin.register(Notice)
class NoticeAdmin(StoryAdmin):
    rule_to_view = "notifications.manage"
    list_display = ("state", "what", "task_link", "target", "person", "attempts", "error", "due_at")
    list_select_related = ("task", "target", "target__person", "person")
    list_filter = (
        ("outcome", NamedChoices),
        ("topic", NamedChoices),
        ("kind", NamedChoices),
        "created_at",
    )
    search_fields = ("error", "^person__username")
    heavy = ("task__payload", "task__result")
    hidden = ("claim",)

    @admin.display(description="state")
    def state(self, notice: Notice) -> str:
        return delivery(notice)

    @admin.display(description="what")
    def what(self, notice: Notice) -> str:
        return about(notice)
