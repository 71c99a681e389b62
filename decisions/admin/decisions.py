"""Decisions, what people said of them, and what can be learned from it."""

from __future__ import annotations

from datetime import timedelta

from django.contrib import admin
from django.utils import timezone
from django.utils.html import format_html

from agentic.admin_lists import NamedChoices, StoryAdmin
from agentic.admin_parts import NOTHING, Tone, badge
from decisions.admin.attempts import HEAVY_OF_TASKS
from decisions.admin.overdue import in_words
from decisions.badges import status_badge
from decisions.models import Decision, Feedback, Review
from decisions.models.decision import Verdict

VERDICT_TONES: dict[str, Tone] = {
    Verdict.APPROVE: "good",
    Verdict.EDIT: "good",
    Verdict.REJECT: "bad",
    Verdict.RESPOND: "busy",
    Verdict.OVERRIDE: "bad",
}


@admin.register(Decision)
class DecisionAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("proposal", "evidence", "rationale", *HEAVY_OF_TASKS)
    list_display = (
        "decision_type", "status_shown", "task_link", "agent_link", "sure", "way", "reason", "due_at", "created_at",
    )  # fmt: skip
    list_select_related = ("task", "agent", "reserved_by")
    list_filter = (("status", NamedChoices), ("route", NamedChoices), "created_at")
    search_fields = ("^decision_type", "^agent__name")

    @admin.display(description="status")
    def status_shown(self, decision: Decision) -> str:
        """With who has reserved it, as long as that holds."""
        until, status = decision.reserved_until, status_badge(decision.status)
        if until is None or until <= timezone.now():
            return status
        return format_html("{}<br><small>with {}</small>", status, decision.reserved_by)

    @admin.display(description="route")
    def way(self, decision: Decision) -> str:
        return decision.route

    @admin.display(description="confidence")
    def sure(self, decision: Decision) -> str:
        return NOTHING if decision.confidence is None else f"{decision.confidence:.0%}"


@admin.register(Review)
class ReviewAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("new_proposal", "decision__proposal", "decision__evidence", *HEAVY_OF_TASKS)
    list_display = (
        "said", "reason_code", "reviewer", "task_link", "decision_link", "time_spent", "created_at",
    )  # fmt: skip
    list_select_related = ("task", "decision", "reviewer")
    list_filter = (("verdict", NamedChoices), ("reason_code", NamedChoices), "created_at")
    date_hierarchy = "created_at"  # people write these: they never become very many
    search_fields = ("reason", "^reviewer__username")

    @admin.display(description="verdict")
    def said(self, review: Review) -> str:
        return badge(review.verdict, VERDICT_TONES[review.verdict], review.get_verdict_display())

    @admin.display(description="time spent")
    def time_spent(self, review: Review) -> str:
        spent = review.seconds_spent
        return NOTHING if spent is None else in_words(timedelta(seconds=spent))


@admin.register(Feedback)
class FeedbackAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("content", "decision__proposal", "decision__evidence", *HEAVY_OF_TASKS)
    list_display = (
        "kind", "task_link", "agent_link", "decision_link", "source_user", "created_at",
    )  # fmt: skip
    list_select_related = ("task", "agent", "decision", "source_user")
    list_filter = (("feedback_type", NamedChoices), "created_at")
    search_fields = ("^agent__name", "^source_user__username")

    @admin.display(description="feedback type")
    def kind(self, feedback: Feedback) -> str:
        return badge(feedback.feedback_type, "quiet", feedback.get_feedback_type_display())
