"""How pages show what was told of a task: in words, with a sign beside them."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html

from agentic.admin_parts import badge
from decisions.models import Feedback
from decisions.models.decision import FeedbackType
from decisions.services.feedback import HIGHEST
from oversight.words import mean_in_words

register = template.Library()
register.filter("mean", mean_in_words)


@register.filter
def told(one: Feedback) -> str:
    """What it says, without the comment."""
    content = one.content
    match one.feedback_type:
        case FeedbackType.USER_RATING:
            return format_html(
                '<strong class="nowrap">{} of {}</strong> {}',
                content["rating"],
                HIGHEST,
                stars(content["rating"]),
            )
        case FeedbackType.OUTCOME_RESULT:
            return outcome(content["correct"])
        case FeedbackType.PERFORMANCE_METRIC:
            figure = f"{content['value']:.6g}"
            return format_html("<strong>{}</strong> {}", content["metric"], figure)
    return format_html("<strong>verdict: {}</strong>", content.get("verdict", "none"))


def stars(rating: int) -> str:
    """The same as the figure beside it."""
    text = "★" * rating + "☆" * (HIGHEST - rating)
    return format_html('<span class="stars nowrap" aria-hidden="true">{}</span>', text)


def outcome(correct: Any) -> str:
    return badge("✓ turned out right", "good") if correct else badge("✕ turned out wrong", "bad")
