"""How the pages of tasks say moments and shares."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import template
from django.utils.html import format_html

from oversight.words import percent, seconds_in_words

register = template.Library()
register.filter("percent", percent)


@register.filter
def after(at: datetime, start: datetime) -> str:
    """How long after another moment; the moment itself on hovering."""
    told = seconds_in_words((at - start).total_seconds())
    return format_html(
        '<time datetime="{}" title="{} UTC">after {}</time>', at.isoformat(), f"{at:%F %T}", told
    )


@register.filter
def at(moment: datetime | None) -> str:
    """For paper: the moment itself."""
    return f"{moment:%F %T} UTC" if moment else ""


@register.filter
def called(state: Any) -> str:
    return str(state).replace("_", " ")
