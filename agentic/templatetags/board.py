"""What our pages of the admin site have besides Django's: `{% board %}`, the figures, and `{% main_tables %}`."""

from __future__ import annotations

from typing import Any

from django import template

from agentic.board import figures, what_fails

register = template.Library()
# What an operator goes to most, in this order.
MAIN_TABLES = ("Task", "Escalation", "Decision", "Agent", "Stop", "User", "Audit")


@register.inclusion_tag("admin/_board.html", takes_context=True)
def board(context: Any) -> dict[str, Any]:
    return {"figures": figures(context["request"]), "failing": what_fails()}


@register.inclusion_tag("admin/_main_tables.html", takes_context=True)
def main_tables(context: Any) -> dict[str, Any]:
    """Those of them that this person may see."""
    seen = {
        model["object_name"]: model
        for app in context.get("available_apps", [])
        for model in app["models"]
    }
    tables = [seen[name] for name in MAIN_TABLES if name in seen]
    return {"tables": tables, "here": context["request"].path}
