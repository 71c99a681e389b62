"""The calls of the registry, as the API's document has them."""

from __future__ import annotations

from agentic.operations import Operation, Query, cursor, limit
from agents import answers, shapes
from agents.models import AgentStatus

AGENT_ID, KEY_ID = "019a0e5c-7a10-7c3e-9c41-5b2f6d0e8a11", "019a0e5c-7f42-7d11-8a07-2c9be01f6d22"
MORNING = "2026-01-05T08:00:00Z"
AGENT = {
    "id": AGENT_ID, "name": "reader", "agent_type": "ocr", "status": "available", "capabilities": ["digits"],
    "task_types": [], "config": {}, "max_concurrent_tasks": 4, "priority_level": 0,
    "max_decisions_per_hour": 1000, "paused_because": "", "client_version": "1.2.0",
    "framework": "none", "last_seen_at": "2026-01-05T09:30:00Z", "version": 2, "created_at": MORNING,
}  # fmt: skip
KEY = {
    "key_id": KEY_ID, "prefix": "Qw7rT2xZ", "scopes": ["work"], "expires_at": "2026-04-05T08:00:00Z",
    "last_used_at": None, "revoked_at": None, "created_at": MORNING,
}  # fmt: skip
ISSUED = {**KEY, "key": "aap_Qw7rT2xZ_…"}

STATUS = Query(name="status", type=AgentStatus, about="Only agents of this status.")
LIST_AGENTS = Operation(
    summary="List agents",
    query=(STATUS, limit(100, 500), cursor()),
    answer=answers.AgentPage,
    answered={"agents": [AGENT], "limit": 100, "next": None},
)
REGISTER_AGENT = Operation(
    summary="Register an agent",
    about="It is offline until it is first heard of. 409 when the name is taken.",
    body=shapes.NewAgent,
    example={"name": "reader", "agent_type": "ocr", "capabilities": ["digits"]},
    answer=answers.Agent,
    answered={**AGENT, "status": "offline", "last_seen_at": None},
    status=201,
)
SHOW_AGENT = Operation(summary="Show an agent", answer=answers.Agent, answered=AGENT)
SET_STATUS = Operation(
    summary="Set an agent's status",
    about="In the address or in the body. What an agent holds moves on when it is taken out of service.",
    query=(Query(name="new_status", type=AgentStatus, about="Unless the body says it."),),
    body=shapes.StatusChange,
    example={"new_status": "maintenance", "reason": "its model is being replaced"},
    answer=answers.StatusUpdated,
    answered={"status": "updated", "new_status": "maintenance"},
    errors=(409,),
)
LIST_KEYS = Operation(
    summary="List an agent's keys", answer=answers.KeyList, answered={"keys": [KEY]}
)
ISSUE_KEY = Operation(
    summary="Issue a key for an agent",
    about="The only answer that ever carries the key's text.",
    body=shapes.NewKey,
    example={"scopes": ["work"], "expires_in": 7_776_000},
    answer=answers.IssuedKey,
    answered=ISSUED,
    status=201,
)
ROTATE_KEY = Operation(
    summary="Replace a key",
    about="A new key beside the old one, which ends after `overlap` seconds. 409 for a key that has ended.",
    body=shapes.Rotation,
    example={"overlap": 3600},
    answer=answers.IssuedKey,
    answered=ISSUED,
    status=201,
)
REVOKE_KEY = Operation(
    summary="Revoke a key",
    about="The next call with it is refused. Revoking it again changes nothing.",
    answer=answers.KeyRevoked,
    answered={"status": "revoked", "key_id": KEY_ID, "revoked_at": MORNING},
)
