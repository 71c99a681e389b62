"""How pages and the admin site show messages: what came of each, as a word with a colour."""

from __future__ import annotations

from django import template

from agentic.admin_parts import Tone, badge
from oversight.models import Notice, Outcome, Topic

register = template.Library()
TONES: dict[str, Tone] = {
    Outcome.SENT: "good",
    Outcome.FAILED: "bad",
    Outcome.STOPPED: "quiet",
}


@register.filter
def delivery(notice: Notice) -> str:
    """Waiting, trying again, or how it ended."""
    if notice.outcome:
        return badge(notice.outcome, TONES[notice.outcome], Outcome(notice.outcome).label)
    return badge("tried again", "warn") if notice.error else badge("waiting", "busy")


@register.filter
def about(notice: Notice) -> str:
    """What it tells of, in a word or two."""
    words = {
        Topic.ESCALATION: f"escalation, level {notice.level}",
        Topic.OVERDUE_REVIEW: "overdue review",
        Topic.TEST: "test",
    }
    return words[Topic(notice.topic)]
