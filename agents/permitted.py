"""What a person may do with an agent and its keys at this moment: the buttons of a page, and the guard behind each."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from agentic.errors import IllegalMove, NotAllowed
from agentic.models import User
from agentic.roles import may
from agents.models import AGENTS, Agent, AgentKey, AgentStatus


class Action(NamedTuple):
    """`status` is what the agent becomes by it. `leaves` are the statuses in which it makes a difference."""

    name: str
    label: str
    about: str
    status: AgentStatus
    leaves: frozenset[AgentStatus]


RULE = "agents.set_status"
ACTIONS = {
    action.name: action
    for action in (
        Action(
            "resume",
            "Put back into service",
            "It takes work from now on, if it is heard of. A stop that is on is not lifted by this.",
            AgentStatus.AVAILABLE,
            frozenset({AgentStatus.BUSY, AgentStatus.OFFLINE, AgentStatus.MAINTENANCE}),
        ),
        Action(
            "pause",
            "Pause",
            "It is given nothing more and may finish what it holds. Only a person puts it back.",
            AgentStatus.MAINTENANCE,
            frozenset({AgentStatus.AVAILABLE, AgentStatus.BUSY, AgentStatus.OFFLINE}),
        ),
        Action(
            "drain",
            "Give no more work",
            "It keeps what it holds and takes no more until somebody puts it back.",
            AgentStatus.BUSY,
            frozenset({AgentStatus.AVAILABLE}),
        ),
        Action(
            "offline",
            "Count as offline",
            "What it holds moves on to others. If it is alive, it is back with its next call.",
            AgentStatus.OFFLINE,
            frozenset({AgentStatus.AVAILABLE, AgentStatus.BUSY}),
        ),
    )
}


def allowed_actions(user: User, agent: Agent) -> list[Action]:
    """In the order in which a page shows them."""
    return [action for action in ACTIONS.values() if is_allowed(action, user, agent)]


def is_allowed(action: Action, user: User, agent: Agent) -> bool:
    try:
        guard(action, user, agent)
    except (NotAllowed, IllegalMove):
        return False
    return True


def guard(action: Action, user: User, agent: Agent) -> None:
    """NotAllowed for whom the rules do not let, IllegalMove where the agent's status does not."""
    if not may(user, RULE):
        raise NotAllowed
    if agent.status not in action.leaves:
        raise IllegalMove(agent.status, AGENTS.legal[agent.status])


def is_live(key: AgentKey, now: datetime) -> bool:
    """Whether it opens anything: such a key may be replaced and revoked."""
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
