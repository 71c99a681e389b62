"""How a row of the registry changes: one move with its events, so that the agent's versions have no gap."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction

from agentic.actors import Actor
from agentic.audits import record
from agentic.changes import Happening, Insert, Move, Patch
from agentic.errors import Conflict
from agentic.transitions import move
from agentic.vocabulary import AuditAction, EntityType
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


def change_audited(
    agent: Agent, action: AuditAction, told: Mapping[str, Any], *, actor: Actor, **how: Any
) -> Agent:
    """A change that an operator asks for: it is carried out and audited, or neither."""
    with transaction.atomic():
        change(agent, actor=actor, **how)
        audited(action, agent.pk, actor, **told)
    return agent


def audited(action: AuditAction, agent_id: UUID, actor: Actor, **told: Any) -> None:
    """An operator's act on an agent, in the audit log: the last thing in its transaction."""
    record(action, actor=actor, entity_type=EntityType.AGENT, entity_id=agent_id, **told)


def again_on_conflict(step: Callable[[], Result]) -> Result:
    """`step` reads the agent anew each time: for changes that hold whatever else happened to it meanwhile."""
    for _ in range(TRIES - 1):
        try:
            return step()
        except Conflict as error:
            if type(error) is not Conflict:  # its own kinds say more than "somebody was faster"
                raise
    return step()
