"""How pages show what they have: states as words with a colour, moments as words that stay true."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from agentic.admin_parts import NOTHING
from decisions.badges import outcome_badge, priority_badge, state_badge, status_badge

register = template.Library()
UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))

register.filter("state", state_badge)
register.filter("status", status_badge)
register.filter("priority", priority_badge)
register.filter("outcome", outcome_badge)


def in_words(seconds: float) -> str:
    """One unit, and minutes beside a few hours: as `live.js` says it from then on."""
    whole = abs(round(seconds))
    unit, size = next((unit for unit in UNITS if whole >= unit[1]), UNITS[-1])
    rest = f" {whole % 3600 // 60} min" if unit == "h" and whole < 36000 else ""
    return f"{whole // size} {unit}{rest}"


@register.filter
def when(at: datetime | None) -> str:
    """How long ago; the moment itself on hovering."""
    if at is None:
        return NOTHING
    ago = (timezone.now() - at).total_seconds()
    return format_html(
        '<time data-when datetime="{}" title="{} UTC">{} ago</time>',
        at.isoformat(),
        f"{at:%F %T}",
        in_words(ago),
    )


@register.filter
def due(at: datetime | None) -> str:
    """How much time is left, or how late it is: in words, so that nobody has to tell colours apart."""
    if at is None:
        return NOTHING
    left = (at - timezone.now()).total_seconds()
    return format_html(
        '<time data-due{} datetime="{}" title="{} UTC">{} {}</time>',
        SafeString(' class="late"') if left < 0 else "",
        at.isoformat(),
        f"{at:%F %T}",
        in_words(left),
        "left" if left >= 0 else "late",
    )
