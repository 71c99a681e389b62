"""A person moves a task from one agent to another, or to the first one."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from agentic.actors import Actor
from agentic.errors import IllegalMove, Invalid
from agentic.vocabulary import AuditAction
from agents.strategies import Candidate
from decisions.services.assignment import read_candidates, wanted
from decisions.services.interventions import (
    assign_by_hand,
    audit,
    carry_out,
    changed,
    requeue_by_hand,
)
from decisions.states import HELD, LEGAL, State
from decisions.work import load_one

# From these it goes through the queue, within the same transaction.
BY_THE_QUEUE = HELD | {State.FAILED, State.ESCALATED}
MOVABLE = BY_THE_QUEUE | {State.QUEUED}


@transaction.atomic
def reassign_task(task_id: UUID, *, actor: Actor, agent_id: UUID, reason: str) -> None:
    """To this agent, if it fits and is free; whoever holds the task is fenced off. Retries count anew.

    IllegalMove from a state that nobody moves it from, Conflict when the agent cannot take it: then nothing changes.
    """
    before = work = load_one(task_id, lock=True)
    if work.state not in MOVABLE:
        raise IllegalMove(work.state, LEGAL[work.state])
    if work.state in HELD and work.assigned_agent_id == agent_id:
        raise Invalid(agent_id="it is with this agent already")
    if work.state in BY_THE_QUEUE:
        carry_out(requeue_by_hand(work, {"reason": reason}, actor), work, actor)
        work = load_one(task_id)
    move = assign_by_hand(work, {"agent_id": str(agent_id)}, actor)
    carry_out(move, work, actor)
    audit(AuditAction.TASK_MOVED, before, actor, reason, after=changed(before, move))


def who_could_take(task_id: UUID) -> list[Candidate]:
    """Agents that are free at this moment and fit, the least busy first; not the one that holds the task."""
    work = load_one(task_id)
    asked = wanted(work)
    mine = work.assigned_agent_id if work.state in HELD else None
    able = [c for c in read_candidates() if asked.fits(c) and c.agent_id != mine]
    return sorted(able, key=lambda c: (c.share, -c.priority_level, c.name))
