"""Who is in the registry, and what they can do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from agentic.actors import Actor
from agentic.changes import Birth, Happening
from agentic.errors import DomainError
from agentic.ids import new_id
from agentic.transitions import create_many
from agentic.vocabulary import AuditAction, EventType
from agents.models import AGENTS, Agent, AgentStatus
from agents.selectors import read_agent
from agents.services.changing import again_on_conflict, audited, change_audited

CHANGEABLE = (
    "agent_type", "capabilities", "config", "max_concurrent_tasks", "priority_level", "max_decisions_per_hour",
)  # fmt: skip


class NameTaken(DomainError):
    """Another agent has this name."""

    status = 409
    code = "conflict"

    def __init__(self) -> None:
        super().__init__(errors={"name": [type(self).__doc__]})


def register_agent(
    *,
    actor: Actor,
    name: str,
    agent_type: str = "default",
    capabilities: Iterable[str] = (),
    config: Mapping[str, Any] | None = None,
    max_concurrent_tasks: int = 1,
    priority_level: int = 0,
    max_decisions_per_hour: int = 1000,
) -> Agent:
    """Enter an agent into the registry. It is offline until it is first heard of."""
    told = {
        "name": name,
        "agent_type": agent_type,
        "status": AgentStatus.OFFLINE.value,
        "capabilities": distinct(capabilities),
        "max_concurrent_tasks": max_concurrent_tasks,
        "priority_level": priority_level,
        "max_decisions_per_hour": max_decisions_per_hour,
    }
    # Not in the event: every viewer reads events, and a config may hold what is not for all.
    kept = {
        "config": dict(config or {}),
        "task_types": [],
        "client_version": "",
        "framework": "",
    }
    events = [Happening(EventType.AGENT_REGISTERED, told)]
    birth = Birth(new_id(), {**told, **kept}, events)
    try:
        with transaction.atomic():
            create_many(AGENTS, [birth], actor=actor)
            after = {**told, "config": sorted(config or {})}
            audited(AuditAction.AGENT_REGISTERED, birth.pk, actor, after=after)
    except IntegrityError as error:
        if Agent.objects.filter(name=name).exists():
            raise NameTaken from error
        raise
    return read_agent(birth.pk)


def change_agent(*, actor: Actor, agent_id: UUID, values: Mapping[str, Any]) -> Agent:
    """Change what an operator may: `values` by the names in CHANGEABLE. What is as it was leaves no event."""
    wanted = {name: values[name] for name in CHANGEABLE if name in values}

    def step() -> Agent:
        agent = read_agent(agent_id)
        changes = differences(agent, wanted)
        if not changes:
            return agent
        events = [Happening(EventType.AGENT_CHANGED, {"changes": changes})]
        action, told = AuditAction.AGENT_CHANGED, before_and_after(changes)
        how: dict[str, Any] = {"events": events, "values": only(wanted, changes)}
        return change_audited(agent, action, told, actor=actor, **how)

    return again_on_conflict(step)


def differences(agent: Agent, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What would change, with before and after; of the config, the names alone."""
    changes: dict[str, Any] = {}
    for name, after in wanted.items():
        before = getattr(agent, name)
        if before != after:
            changes[name] = {"before": before, "after": after}
    if "config" in changes:
        changes["config"] = {"changed": changed_names(**changes["config"])}
    return changes


def before_and_after(changes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The same, as two objects; the config has no values in either, and so stands in the second alone."""
    before = {name: change["before"] for name, change in changes.items() if "before" in change}
    after = {name: change.get("after", change) for name, change in changes.items()}
    return {"before": before, "after": after}


def changed_names(*, before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    same = {name for name in before.keys() & after.keys() if before[name] == after[name]}
    return sorted((before.keys() | after.keys()) - same)


def only(wanted: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: wanted[name] for name in changes}


def distinct(words: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(words))
