"""Everything that changes the registry."""

from __future__ import annotations

from agents.services.credentials import IssuedKey, KeyEnded, issue_key, revoke_key, rotate_key
from agents.services.liveness import (
    announce,
    forget_offline,
    hear_from,
    offline_with_tasks,
    set_status,
    sign_off,
    silence_agents,
)
from agents.services.pauses import pause_agent
from agents.services.registry import NameTaken, change_agent, register_agent

__all__ = [
    "IssuedKey",
    "KeyEnded",
    "NameTaken",
    "announce",
    "change_agent",
    "forget_offline",
    "hear_from",
    "issue_key",
    "offline_with_tasks",
    "pause_agent",
    "register_agent",
    "revoke_key",
    "rotate_key",
    "set_status",
    "sign_off",
    "silence_agents",
]
