"""For the pages of events, audits and models: where a thing has its page, and how its values are told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django import template
from django.urls import NoReverseMatch, reverse

from agentic.admin_parts import NOTHING, badge
from agentic.audits import told_by
from agentic.roles import may
from mlregistry.admin import JOB_TONES
from mlregistry.models import JobStatus

register = template.Library()
# Kinds of things with a page, and the rule of that page.
PAGES = {
    "task": ("task", "tasks.view"),
    "agent": ("agent", "agents.view"),
    "model": ("model", "models.view"),
    "training_job": ("training_job", "training.view"),
}


@register.simple_tag(takes_context=True)
def address_of(context: Mapping[str, Any], kind: str, pk: Any, told: Any) -> str:
    """Of the page of this thing, for whom may see it; empty where there is none. `told` are the details beside it."""
    said = told if isinstance(told, dict) else {}
    if kind == "decision":
        kind, pk = "task", said.get("task_id", "")
    name, rule = PAGES.get(kind, ("", ""))
    if not name or not may(context["request"].user, rule):
        return ""
    try:
        return reverse(name, args=[said.get("name", "") if kind == "model" else pk])
    except NoReverseMatch:
        return ""


@register.filter
def details(text: str) -> Any:
    """Of an audit, as an object."""
    return told_by(text)


@register.filter
def spaced(word: str) -> str:
    return word.replace("_", " ")


@register.filter
def thousands(number: int) -> str:
    return f"{number:,}"


@register.filter
def unlocalized(number: float) -> str:
    """For an attribute of a drawing."""
    return f"{number:.1f}"


@register.filter
def figure(value: Any) -> str:
    """A metric as one reads it: numbers to four digits, all else as JSON has it."""
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:.4g}"
    return value if isinstance(value, str) else json.dumps(value, default=str)


@register.filter
def percent_number(share: float) -> int:
    return round(100 * share)


@register.filter
def job_status(status: str) -> str:
    return badge(status, JOB_TONES[status], str(JobStatus(status).label))
