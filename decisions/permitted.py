"""What a person may do with a task at this moment: the buttons that a page shows, and the guard behind each of them."""

from __future__ import annotations

from typing import NamedTuple

from agentic.actors import Actor
from agentic.errors import IllegalMove, NotAllowed
from agentic.models import User
from agentic.roles import may
from decisions.models import Task
from decisions.services.reassigning import MOVABLE
from decisions.services.verdicts import check_duties
from decisions.states import LEGAL, OVERRIDABLE, State

ALWAYS = frozenset(LEGAL)
# Before that there is no work of which anything could be told.
BEGUN = ALWAYS - {State.QUEUED, State.ASSIGNED, State.ACKED}


class Action(NamedTuple):
    """Something that is done with a task: by whom, and in which states. `decides` stands for a verdict on the work."""

    name: str
    label: str
    rule: str
    states: frozenset[str]
    decides: bool = False


def leading_to(state: State) -> frozenset[str]:
    return frozenset(old for old, news in LEGAL.items() if state in news)


ACTIONS = {
    action.name: action
    for action in (
        Action("comment", "Comment", "tasks.comment", ALWAYS),
        Action(
            "acknowledge", "Acknowledge", "escalations.handle", frozenset({State.ESCALATED.value})
        ),
        Action(
            "take", "Hand to a person", "escalations.handle", frozenset({State.ESCALATED.value})
        ),
        Action("requeue", "Put back into the queue", "tasks.move", leading_to(State.QUEUED)),
        Action("reassign", "Move to another agent", "tasks.move", frozenset(MOVABLE)),
        Action("escalate", "Escalate", "tasks.escalate", leading_to(State.ESCALATED)),
        Action(
            "override",
            "Decide in the agent's place",
            "tasks.override",
            frozenset(state for state, news in OVERRIDABLE.items() if news),
            decides=True,
        ),
        Action("cancel", "Call off", "tasks.move", leading_to(State.CANCELLED)),
        Action("rate", "Rate it", "feedback.give", BEGUN),
        Action("outcome", "Tell how it turned out", "feedback.give", BEGUN),
    )
}


def allowed_actions(user: User, task: Task, *, actor: Actor) -> list[Action]:
    """In the order in which a page shows them."""
    return [action for action in ACTIONS.values() if is_allowed(action, user, task, actor)]


def is_allowed(action: Action, user: User, task: Task, actor: Actor) -> bool:
    try:
        guard(action, user, task, actor=actor)
    except (NotAllowed, IllegalMove):
        return False
    return True


def guard(action: Action, user: User, task: Task, *, actor: Actor) -> None:
    """NotAllowed for whom the rules do not let, IllegalMove where the task's state does not."""
    if not may(user, action.rule):
        raise NotAllowed
    if task.state not in action.states:
        raise IllegalMove(task.state, LEGAL[task.state])
    if action.decides:
        check_duties(task, actor)
