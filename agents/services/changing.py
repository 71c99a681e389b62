"""How a row of the registry changes: one move with its events, so that the agent's versions have no gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from agentic.actors import Actor
from agentic.changes import Happening, Insert, Move, Patch
from agentic.errors import Conflict
from agentic.transitions import move
from agents.models import AGENTS, Agent, AgentStatus

TRIES = 5

Result = TypeVar("Result")


def change(
    agent: Agent,
    *,
    actor: Actor,
    events: list[Happening],
    status: AgentStatus | None = None,
    values: Mapping[str, Any] | None = None,
    also: Sequence[Insert | Patch] = (),
) -> Agent:
    """Carry out the change on the agent as it was read; Conflict when it has changed since."""
    values = dict(values or {})
    target = status.value if status else agent.status
    asked = Move(agent.pk, agent.status, agent.version, (target,), events, values, tuple(also))
    written = move(AGENTS, asked, actor=actor)
    for name, value in {**values, "status": target, "version": written.version}.items():
        setattr(agent, name, value)
    return agent


def again_on_conflict(step: Callable[[], Result]) -> Result:
    """`step` reads the agent anew each time: for changes that hold whatever else happened to it meanwhile."""
    for _ in range(TRIES - 1):
        try:
            return step()
        except Conflict as error:
            if type(error) is not Conflict:  # its own kinds say more than "somebody was faster"
                raise
    return step()
