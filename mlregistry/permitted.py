"""What a person may do with a training job at this moment: the buttons of a page, and the guard behind each."""

from __future__ import annotations

from typing import NamedTuple

from agentic.errors import IllegalMove, NotAllowed
from agentic.models import User
from agentic.roles import may
from mlregistry.models import JOB_LEGAL, JobStatus, TrainingJob


class Action(NamedTuple):
    """`statuses` are those in which it makes a difference."""

    name: str
    label: str
    about: str
    rule: str
    statuses: frozenset[str]


CANCEL = Action(
    "cancel",
    "Call it off",
    "It makes no model. What it has computed so far is lost; it can be asked for anew.",
    "training.request",
    frozenset({JobStatus.PENDING.value, JobStatus.RUNNING.value}),
)
ACTIONS = {action.name: action for action in (CANCEL,)}


def allowed_actions(user: User, job: TrainingJob) -> list[Action]:
    """In the order in which a page shows them."""
    return [action for action in ACTIONS.values() if is_allowed(action, user, job)]


def is_allowed(action: Action, user: User, job: TrainingJob) -> bool:
    try:
        guard(action, user, job)
    except (NotAllowed, IllegalMove):
        return False
    return not job.cancel_requested_at


def guard(action: Action, user: User, job: TrainingJob) -> None:
    """NotAllowed for whom the rules do not let, IllegalMove where the job's status does not."""
    if not may(user, action.rule):
        raise NotAllowed
    if job.status not in action.statuses:
        raise IllegalMove(job.status, JOB_LEGAL[job.status])
