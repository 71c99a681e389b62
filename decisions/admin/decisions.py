"""Decisions, what people said of them, and what can be learned from it."""

from __future__ import annotations

from django.contrib import admin

from agentic.admin_lists import NamedChoices, StoryAdmin
from agentic.admin_parts import badge
from decisions.admin.attempts import HEAVY_OF_TASKS
from decisions.badges import status_badge
from decisions.models import Decision, Feedback, Review


@admin.register(Decision)
class DecisionAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("proposal", "evidence", "rationale", *HEAVY_OF_TASKS)
    list_display = (
        "decision_type", "status_shown", "task_link", "agent_link", "sure", "way", "reason", "due_at", "created_at",
    )  # fmt: skip
    list_select_related = ("task", "agent")
    list_filter = (("status", NamedChoices), ("route", NamedChoices), "created_at")
    search_fields = ("^decision_type", "^agent__name")

    @admin.display(description="status")
    def status_shown(self, decision: Decision) -> str:
        return status_badge(decision.status)

    @admin.display(description="route")
    def way(self, decision: Decision) -> str:
        return decision.route

    @admin.display(description="confidence")
    def sure(self, decision: Decision) -> str:
        return "not stated" if decision.confidence is None else f"{decision.confidence:.0%}"


@admin.register(Review)
class ReviewAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("new_proposal", "decision__proposal", "decision__evidence", *HEAVY_OF_TASKS)
    list_display = (
        "said", "reason_code", "reviewer", "task_link", "decision_link", "seconds_spent", "created_at",
    )  # fmt: skip
    list_select_related = ("task", "decision", "reviewer")
    list_filter = (("verdict", NamedChoices), ("reason_code", NamedChoices), "created_at")
    date_hierarchy = "created_at"  # people write these: they never become very many
    search_fields = ("reason", "^reviewer__username")

    @admin.display(description="verdict")
    def said(self, review: Review) -> str:
        against = review.verdict in {"reject", "override"}
        return badge(review.verdict, "bad" if against else "good", review.get_verdict_display())


@admin.register(Feedback)
class FeedbackAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("content", "decision__proposal", "decision__evidence", *HEAVY_OF_TASKS)
    list_display = (
        "feedback_type", "task_link", "agent_link", "decision_link", "source_user", "created_at",
    )  # fmt: skip
    list_select_related = ("task", "agent", "decision", "source_user")
    list_filter = (("feedback_type", NamedChoices), "created_at")
    search_fields = ("^agent__name", "^source_user__username")
