"""The registry for operators. Every change goes through the services, as it does from the API."""

from __future__ import annotations

from agents.admin import board
from agents.admin.agents import AgentAdmin
from agents.admin.keys import AgentKeyAdmin

__all__ = ["AgentAdmin", "AgentKeyAdmin", "board"]
