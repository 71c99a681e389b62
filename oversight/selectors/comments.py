"""What people noted on a task, the newest first."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from decisions.cursors import Cursor
from decisions.models import Comment
from oversight.selectors.orders import Order

PAGE = 20
ORDER = Order("created_at", falling=True)


class Comments(NamedTuple):
    """`older` is where they go on; empty when these are the last."""

    rows: list[Comment]
    older: str


def comments_of(task_id: UUID, *, limit: int = PAGE, after: Cursor | None = None) -> Comments:
    rows = ORDER.sorted(Comment.objects.filter(task=task_id).select_related("author"))
    if after:
        rows = ORDER.after(rows, after)
    found = list(rows[: limit + 1])
    shown = found[:limit]
    return Comments(shown, str(ORDER.place_of(shown[-1])) if len(found) > limit else "")
