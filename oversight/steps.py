"""The way of a task as steps: what lies behind it, where it is, and what is still ahead. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from decisions.models import Attempt, Task
from decisions.models.task import Outcome
from decisions.states import State

MAIN_ROAD = (
    State.QUEUED,
    State.ASSIGNED,
    State.ACKED,
    State.IN_PROGRESS,
    State.COMPLETED,
    State.VERIFIED,
)
# For people who see a badge on a step, and for those who hear it.
Place = Literal["done", "here", "skipped", "ahead"]


class Step(NamedTuple):
    """`off_the_road` stands for failed, escalated and cancelled, which no task has to pass."""

    name: str
    label: str
    place: Place
    at: datetime | None
    off_the_road: bool = False


def steps(task: Task, attempt: Attempt | None) -> list[Step]:
    """By the task's state, and by how far its last attempt got."""
    reached = marks(task, attempt)
    state = State(task.state)
    if state in MAIN_ROAD:
        here = MAIN_ROAD.index(state)
        return [on_the_road(name, n, here, reached) for n, name in enumerate(MAIN_ROAD)]
    passed = [step(name, "done" if name in reached else "ahead", reached) for name in MAIN_ROAD]
    return [*passed, Step(state, worded(state), "here", task.updated_at, off_the_road=True)]


def on_the_road(name: State, place: int, here: int, reached: dict[State, datetime]) -> Step:
    if place == here:
        return step(name, "here", reached)
    if place > here:
        return step(name, "ahead", {})
    return step(name, "done" if name in reached else "skipped", reached)


def step(name: State, place: Place, reached: dict[State, datetime]) -> Step:
    return Step(name, worded(name), place, reached.get(name))


def marks(task: Task, attempt: Attempt | None) -> dict[State, datetime]:
    """When the task came to each step, by its last attempt."""
    found = {State.QUEUED: task.created_at, State(task.state): task.updated_at}
    if attempt is None:
        return found
    ended = attempt.ended_at if attempt.outcome == Outcome.COMPLETED else None
    by_attempt = {
        State.ASSIGNED: attempt.assigned_at,
        State.ACKED: attempt.acked_at,
        State.IN_PROGRESS: attempt.started_at,
        State.COMPLETED: ended,
    }
    return {**found, **{name: at for name, at in by_attempt.items() if at}}


def worded(state: State) -> str:
    return state.value.replace("_", " ")
