"""What people note on a task, for the others who look at it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from agentic.actors import Actor
from agentic.changes import Happening, Insert, Move
from agentic.errors import Invalid, NotAllowed
from agentic.ids import new_id
from agentic.transitions import move
from agentic.vocabulary import EventType
from decisions.models import TASKS, Comment
from decisions.work import load_one

LONGEST = 5_000  # characters


@transaction.atomic
def comment_on_task(task_id: UUID, *, actor: Actor, text: str) -> UUID:
    """Note something on the task, whatever its state. The id of the comment.

    The text stands in the comment alone: an event can never be taken back, what somebody wrote perhaps must be.
    """
    if actor.user_id is None:
        raise NotAllowed("Only people comment.")
    said = checked(text)
    work = load_one(task_id, lock=True)
    comment = Insert(
        Comment,
        {
            "id": new_id(),
            "task_id": work.id,
            "author_id": actor.user_id,
            "text": said,
            "created_at": work.now,
        },
    )
    about = {"comment_id": comment.values["id"], "by": actor.label}
    # Neither due_at nor updated_at: what waits for an agent goes on waiting from when it began to.
    events = [Happening(EventType.TASK_COMMENTED, about)]
    move(TASKS, Move(work.id, work.state, work.version, (), events, {}, (comment,)), actor=actor)
    comment_id: UUID = comment.values["id"]
    return comment_id


def checked(text: str) -> str:
    said = text.strip()
    if not said:
        raise Invalid(text="say something")
    if len(said) > LONGEST:
        raise Invalid(text=f"longer than {LONGEST:,} characters")
    if "\0" in said:
        raise Invalid(text="contains a NUL character")
    return said
