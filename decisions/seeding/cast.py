"""Who acts in the lives of synthetic tasks: people who cannot sign in, and agents that nobody runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from agentic.actors import Actor, ActorKind, Source, system
from agentic.audits import record
from agentic.changes import Birth, Happening, Move
from agentic.models import User
from agentic.people import tell_created
from agentic.vocabulary import AuditAction, EntityType, EventType
from agents.models import AGENTS, Agent, AgentStatus
from agents.services.liveness import EVENTS
from decisions.seeding.chance import DAYS, Chance
from decisions.seeding.ledger import Ledger, Row

CREATORS = ("synthetic-desk", "synthetic-shop")
REVIEWERS = ("synthetic-anna", "synthetic-boris", "synthetic-chen", "synthetic-dora")
AGENT_NAMES = tuple(f"synthetic-agent-{number:02}" for number in range(1, 13))
# No other agent has it, and each synthetic task asks for it.
CAPABILITY = "synthetic"
# What the agents have become by now, in turn.
STATUSES = (
    AgentStatus.BUSY, AgentStatus.AVAILABLE, AgentStatus.OFFLINE, AgentStatus.BUSY, AgentStatus.MAINTENANCE,
)  # fmt: skip
AT_THE_KEYBOARD = system(Source.COMMAND)


@dataclass(frozen=True)
class Worker:
    id: UUID
    actor: Actor


@dataclass
class Cast:
    """`holders` hold tasks at this moment. The `new_` ones were not there before."""

    creators: list[Actor] = field(default_factory=list)
    reviewers: list[Actor] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    holders: list[Worker] = field(default_factory=list)
    new_people: list[User] = field(default_factory=list)
    new_agents: list[Row] = field(default_factory=list)


def gather(chance: Chance, ledger: Ledger) -> Cast:
    """Who is there from an earlier run comes again."""
    cast = Cast()
    cast.creators += [person(name, chance, cast) for name in CREATORS]
    cast.reviewers += [person(name, chance, cast) for name in REVIEWERS]
    for number, name in enumerate(AGENT_NAMES):
        agent = known(name) or new_agent(number, name, chance, ledger, cast)
        actor = Actor(ActorKind.AGENT, agent["id"], name, Source.AGENT)
        cast.workers.append(Worker(agent["id"], actor))
        if agent["status"] == AgentStatus.BUSY:
            cast.holders.append(cast.workers[-1])
    return cast


def person(name: str, chance: Chance, cast: Cast) -> Actor:
    user = User.objects.filter(username=name).first()
    if user is None:
        user = User(id=chance.id(chance.now), username=name, is_active=False)
        user.set_unusable_password()
        user.save()
        cast.new_people.append(user)
    return Actor(ActorKind.USER, user.pk, name, Source.WEB)


def known(name: str) -> Row | None:
    found = Agent.objects.filter(name=name).values("id", "status").first()
    return dict(found) if found else None


def new_agent(number: int, name: str, chance: Chance, ledger: Ledger, cast: Cast) -> Row:
    """Nobody expects to hear from it: it has no moment from which it is silent, and is given no work."""
    at = chance.now - timedelta(days=DAYS, hours=1)
    told = {
        "name": name,
        "agent_type": "synthetic",
        "capabilities": [CAPABILITY],
        "max_concurrent_tasks": 1000,
    }
    birth = Birth(chance.id(at), told, [Happening(EventType.AGENT_REGISTERED, told)])
    row = ledger.bear(AGENTS, birth, at, AT_THE_KEYBOARD)
    become(row, STATUSES[number % len(STATUSES)], at + timedelta(minutes=1), ledger)
    cast.new_agents.append(row)
    return row


def become(row: Row, status: AgentStatus, at: datetime, ledger: Ledger) -> None:
    told = {"before": row["status"], "after": status.value, "reason": "synthetic"}
    story = [Happening(EVENTS[status], told)]
    move = Move(row["id"], row["status"], row["version"], (status,), story)
    ledger.carry_out(AGENTS, move, at, AT_THE_KEYBOARD)


def tell_newcomers(cast: Cast, reason: str) -> None:
    """Accounts and agents are audited, whoever makes them."""
    for user in cast.new_people:
        tell_created(user, actor=AT_THE_KEYBOARD)
    for row in cast.new_agents:
        record(
            AuditAction.AGENT_REGISTERED,
            actor=AT_THE_KEYBOARD,
            entity_type=EntityType.AGENT,
            entity_id=row["id"],
            after={"name": row["name"], "capabilities": row["capabilities"]},
            reason=reason,
        )
