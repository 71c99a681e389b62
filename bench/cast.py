"""Those who act in a measurement: a manager, a reviewer, and agents that each can do one thing of their own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from django.contrib.auth.models import Group
from django.db import connection

from agentic.actors import Actor, ActorKind, Source
from agentic.models import SignInMethod, User
from agentic.roles import Role
from agentic.sign_ins import begin_sign_in
from agentic.tokens import issue_access
from agents.authentication import CallingAgent, agent_of
from agents.models import Agent
from agents.services import announce, issue_key, register_agent
from bench.platform import dsn


@dataclass(frozen=True)
class Person:
    actor: Actor
    token: str


@dataclass(frozen=True)
class BenchAgent:
    id: UUID
    name: str
    key: str

    @property
    def capability(self) -> str:
        return f"only-{self.name}"

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.AGENT, self.id, self.name, Source.AGENT)

    @property
    def calling(self) -> CallingAgent:
        return agent_of(self.key)


def person(name: str, role: Role) -> Person:
    user = User.objects.create_user(name)
    user.groups.add(Group.objects.get(name=role))
    sign_in = begin_sign_in(user=user, method=SignInMethod.PASSWORD, ip="", user_agent="bench")
    return Person(Actor(ActorKind.USER, user.pk, name, Source.API), issue_access(sign_in))


def manager() -> Person:
    return person("manager", Role.AGENT_MANAGER)


def reviewer() -> Person:
    return person("reviewer", Role.REVIEWER)


def agents(number: int, *, concurrency: int = 1000, prefix: str = "agent") -> list[BenchAgent]:
    """Registered and at hand. They stay so however long a pass of another side lasts."""
    operator = person(f"operator-{prefix}", Role.ADMIN).actor
    made = [agent(f"{prefix}-{n}", operator, concurrency) for n in range(number)]
    Agent.objects.update(silent_at="2999-01-01T00:00Z")
    return made


def agent(name: str, operator: Actor, concurrency: int) -> BenchAgent:
    row = register_agent(
        actor=operator,
        name=name,
        capabilities=[f"only-{name}"],
        max_concurrent_tasks=concurrency,
        max_decisions_per_hour=10**9,  # each stands for many
    )
    made = BenchAgent(row.pk, name, issue_key(actor=operator, agent_id=row.pk).secret)
    announce(actor=made.actor, agent=made.calling)
    return made


def tidy() -> None:
    """Statistics for the planner, as autovacuum would have them after a while."""
    with psycopg.connect(dsn(), autocommit=True) as alone:
        alone.execute("VACUUM ANALYZE")


def sql(text: str, params: Any = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(text, params)
