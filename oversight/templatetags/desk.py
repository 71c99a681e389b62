"""Figures of the review desk in words."""

from __future__ import annotations

from django import template

from decisions.models.decision import ReasonCode
from oversight.words import percent, seconds_in_words, share_in_words

register = template.Library()
register.filter("percent", percent)
register.filter("share", share_in_words)
register.filter("seconds", seconds_in_words)


@register.filter
def reason(code: str) -> str:
    """A rejection's code as a sentence."""
    return ReasonCode(code).label
