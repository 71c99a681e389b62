"""How pages show agents: their status and how their attempts ended, as words and signs with a colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from django import template
from django.utils.html import format_html, format_html_join

from agentic.admin_parts import Tone, badge
from agents.models import AgentStatus
from decisions.badges import OUTCOME_TONES
from decisions.models.task import Outcome
from decisions.statistics import Share
from oversight.selectors.agents import Ended
from oversight.words import NO_DATA, bin_in_words, interval_in_words, percent, score_in_words

register = template.Library()
TONES: dict[str, Tone] = {
    AgentStatus.AVAILABLE: "good",
    AgentStatus.BUSY: "busy",
    AgentStatus.OFFLINE: "bad",
    AgentStatus.MAINTENANCE: "warn",
}
SIGNS: dict[Tone, str] = {"good": "✓", "bad": "✕", "warn": "■", "quiet": "-", "busy": "…"}
OPEN = "open"


@register.filter
def share(of: Share) -> str:
    """The figure, and below it what it rests on."""
    if of.value is None:
        return format_html('<span class="soft">{}</span>', NO_DATA)
    text = '<strong>{}</strong> <span class="soft small nowrap">{}</span>'
    return format_html(text, percent(of.value), interval_in_words(of))


register.filter("score", score_in_words)
register.filter("bin", bin_in_words)


@register.filter
def agent_status(status: str) -> str:
    return badge(status, TONES[status], AgentStatus(status).label)


@register.filter
def per_hundred(number: int, most: int) -> str:
    return f"{min(100.0, 100 * number / most):.1f}"


@register.filter
def strip(attempts: Sequence[Ended]) -> str:
    """One sign for each, the newest last; the words say the same of all of them."""
    if not attempts:
        return format_html('<span class="soft">{}</span>', "no attempt yet")
    words = ", ".join(f"{number} {outcome}" for outcome, number in counted(attempts))
    return format_html(
        '<span class="strip" role="img" aria-label="{}">{}</span>',
        f"Last {len(attempts)} attempts: {words}",
        format_html_join("", '<i class="mark mark-{}" title="{}">{}</i>', map(mark, attempts)),
    )


def counted(attempts: Sequence[Ended]) -> list[tuple[str, int]]:
    return Counter(in_words(one.outcome) for one in attempts).most_common()


def mark(one: Ended) -> tuple[Tone, str, str]:
    tone: Tone = OUTCOME_TONES.get(one.outcome, "quiet") if one.outcome else "busy"
    return tone, f"{in_words(one.outcome)}, assigned {one.at:%F %T} UTC", SIGNS[tone]


def in_words(outcome: str) -> str:
    return Outcome(outcome).value.replace("_", " ") if outcome else OPEN
