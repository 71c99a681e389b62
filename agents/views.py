"""The registry by HTTP: `/api/v1/admin/agents`. In each door: who, is it there, is it well said, do it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import (
    ApiView,
    choice_in_query,
    id_in_path,
    number_in_query,
    text_in_query,
)
from agentic.errors import Invalid
from agentic.parsing import read
from agents import described, services
from agents.models import Agent, AgentKey, AgentStatus
from agents.selectors import list_agents, list_keys, read_agent, read_key
from agents.shapes import NewAgent, NewKey, Rotation, StatusChange

SHOWN = (
    "id", "name", "agent_type", "status", "capabilities", "task_types", "config", "max_concurrent_tasks",
    "priority_level", "max_decisions_per_hour", "paused_because", "client_version", "framework", "last_seen_at",
    "version", "created_at",
)  # fmt: skip
KEY_SHOWN = ("prefix", "scopes", "expires_at", "last_used_at", "revoked_at", "created_at")


def shown(agent: Agent) -> dict[str, Any]:
    return {name: getattr(agent, name) for name in SHOWN}


def key_shown(key: AgentKey) -> dict[str, Any]:
    return {"key_id": key.pk, **{name: getattr(key, name) for name in KEY_SHOWN}}


def once(issued: services.IssuedKey) -> dict[str, Any]:
    """The only answer that ever carries the key's text."""
    return {**key_shown(issued.key), "key": issued.secret}


class Agents(ApiView):
    rules = {"GET": "agents.view", "POST": "agents.create"}
    operations = {"GET": described.LIST_AGENTS, "POST": described.REGISTER_AGENT}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=100, lowest=1, highest=500)
        status = choice_in_query(request, "status", AgentStatus.values)
        rows = list_agents(after=text_in_query(request, "cursor"), limit=limit + 1, status=status)
        page = rows[:limit]
        following = page[-1].name if len(rows) > limit else None
        return Response({"agents": [shown(row) for row in page], "limit": limit, "next": following})

    def post(self, request: Request) -> Response:
        asked = read(request, NewAgent)
        agent = services.register_agent(
            actor=actor_of(request),
            name=asked.name,
            agent_type=asked.agent_type,
            capabilities=asked.capabilities,
            config=asked.config,
            max_concurrent_tasks=asked.max_concurrent_tasks,
            priority_level=asked.priority_level,
            max_decisions_per_hour=asked.max_decisions_per_hour,
        )
        return Response(shown(agent), status=201)


class OneAgent(ApiView):
    rules = {"GET": "agents.view"}
    operations = {"GET": described.SHOW_AGENT}

    def get(self, request: Request, agent_id: str) -> Response:
        return Response(shown(read_agent(id_in_path(agent_id))))


class Status(ApiView):
    rules = {"PATCH": "agents.set_status"}
    operations = {"PATCH": described.SET_STATUS}

    def patch(self, request: Request, agent_id: str) -> Response:
        agent = read_agent(id_in_path(agent_id))
        asked = read(request, StatusChange)
        services.set_status(
            actor=actor_of(request),
            agent_id=agent.pk,
            status=new_status(request, asked),
            reason=asked.reason,
        )
        return Response({"status": "updated", "new_status": new_status(request, asked)})


def new_status(request: Request, asked: StatusChange) -> AgentStatus:
    """From the address or from the body; from both if they say the same."""
    said = {choice_in_query(request, "new_status", AgentStatus.values), asked.new_status or ""}
    said.discard("")
    if len(said) != 1:
        raise Invalid(new_status="two different ones" if said else "this field is required")
    return AgentStatus(said.pop())


class Keys(ApiView):
    rules = {"GET": "agents.manage_keys", "POST": "agents.manage_keys"}
    operations = {"GET": described.LIST_KEYS, "POST": described.ISSUE_KEY}

    def get(self, request: Request, agent_id: str) -> Response:
        agent = read_agent(id_in_path(agent_id))
        return Response({"keys": [key_shown(key) for key in list_keys(agent.pk)]})

    def post(self, request: Request, agent_id: str) -> Response:
        agent = read_agent(id_in_path(agent_id))
        asked = read(request, NewKey)
        issued = services.issue_key(
            actor=actor_of(request),
            agent_id=agent.pk,
            scopes=[scope.value for scope in asked.scopes],
            expires_in=timedelta(seconds=asked.expires_in) if asked.expires_in else None,
        )
        return Response(once(issued), status=201, headers={"Cache-Control": "no-store"})


class KeyRotation(ApiView):
    rules = {"POST": "agents.manage_keys"}
    operations = {"POST": described.ROTATE_KEY}

    def post(self, request: Request, agent_id: str, key_id: str) -> Response:
        key = read_key(id_in_path(agent_id), id_in_path(key_id))
        asked = read(request, Rotation)
        issued = services.rotate_key(
            actor=actor_of(request),
            agent_id=key.agent_id,
            key_id=key.pk,
            overlap=timedelta(seconds=asked.overlap),
        )
        return Response(once(issued), status=201, headers={"Cache-Control": "no-store"})


class KeyRevocation(ApiView):
    rules = {"POST": "agents.manage_keys"}
    operations = {"POST": described.REVOKE_KEY}

    def post(self, request: Request, agent_id: str, key_id: str) -> Response:
        key = services.revoke_key(
            actor=actor_of(request), agent_id=id_in_path(agent_id), key_id=id_in_path(key_id)
        )
        return Response({"status": "revoked", "key_id": key.pk, "revoked_at": key.revoked_at})
