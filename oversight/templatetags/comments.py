"""For `oversight/_comments.html`, which stands on several pages."""

from __future__ import annotations

from typing import Any

from django import template

from agentic.roles import may
from oversight.selectors.comments import comments_of

register = template.Library()
register.filter("may", may)


@register.simple_tag
def newest_comments(task_id: Any) -> Any:
    return comments_of(task_id)
