"""The platform takes an agent that went past its limits out of service, until an operator puts it back."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from agentic.actors import Actor
from agentic.clock import database_now
from agentic.vocabulary import AuditAction
from agents.models import AgentStatus
from agents.selectors import read_agent
from agents.services.changing import again_on_conflict, audited, change
from agents.services.liveness import moved, timer


def pause_agent(*, actor: Actor, agent_id: UUID, because: str) -> bool:
    """Into maintenance, with the reason; False when it is paused already. What it holds it may bring to an end."""

    @transaction.atomic
    def step() -> bool:
        agent, status = read_agent(agent_id), AgentStatus.MAINTENANCE
        if agent.paused_because:
            return False
        before, after = {"status": agent.status}, {"status": status.value}
        values = {**timer(agent, status, database_now()), "paused_because": because}
        events = [moved(agent, status, because)]
        change(agent, actor=actor, status=status, events=events, values=values)
        action = AuditAction.AGENT_PAUSED
        audited(action, agent_id, actor, before=before, after=after, reason=because)
        return True

    return again_on_conflict(step)
