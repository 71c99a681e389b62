"""For `oversight/_event.html`, which stands on several pages and is pushed to them."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.text import Truncator

from agentic.vocabulary import EntityType, EventType

register = template.Library()
LONGEST_TITLE = 60


@register.filter
def happened(event_type: str) -> str:
    """The sentence of its kind."""
    return str(EventType(event_type).label)


@register.filter
def called(event: Any) -> str:
    """What it is about: by its title where the event has it, else by the end of its id, where ids differ most."""
    title = Truncator(str(member(event, "data").get("title", ""))).chars(LONGEST_TITLE)
    if title:
        return format_html("<bdi>{}</bdi>", title)
    kind = member(event, "entity_type").replace("_", " ")
    return f"{kind} {str(member(event, 'entity_id'))[-8:]}"


@register.filter
def task_of(event: Any) -> str:
    """The task that it is about, for a decision's event too; empty when it is about something else."""
    if member(event, "entity_type") == EntityType.TASK:
        return str(member(event, "entity_id"))
    return str(member(event, "data").get("task_id", ""))


def member(event: Any, name: str) -> Any:
    """Of a row as a model or as its fields."""
    return event[name] if isinstance(event, dict) else getattr(event, name)
