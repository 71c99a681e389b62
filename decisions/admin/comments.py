"""What people noted on tasks."""

from __future__ import annotations

from django.contrib import admin
from django.utils.text import Truncator

from agentic.admin_lists import StoryAdmin
from decisions.admin.attempts import HEAVY_OF_TASKS
from decisions.models import Comment

SHOWN = 300  # letters in the list; the page has all of it


@admin.register(Comment)
class CommentAdmin(StoryAdmin):
    rule_to_view = "tasks.view"
    heavy = HEAVY_OF_TASKS
    list_display = ("said", "task_link", "author", "created_at")
    list_select_related = ("task", "author")
    list_filter = ("created_at",)
    date_hierarchy = "created_at"  # people write these: they never become very many
    search_fields = ("text", "^author__username")
    search_help_text = (
        "The id of a task, words of a comment, or the beginning of its author's name."
    )

    @admin.display(description="comment")
    def said(self, comment: Comment) -> str:
        return Truncator(comment.text).chars(SHOWN)
