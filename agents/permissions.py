"""The worker API is for agents: no person gets in, whatever their role."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from agentic.errors import NotAllowed
from agentic.permissions import has_no_handler
from agents.authentication import CallingAgent
from agents.keys import Scope


class AgentOnly(BasePermission):
    """An agent whose key covers the call: to look takes the scope `read` or `work`, all else `work`."""

    message = "This is for agents, by their key."
    scheme: ClassVar = "agentKey"
    who: ClassVar = "an agent, by its key"

    def has_permission(self, request: Request, view: Any) -> bool:
        if has_no_handler(request, view):
            return True
        caller: Any = request.user
        if not isinstance(caller, CallingAgent):
            return False
        refuse_uncovered(caller.scopes, str(request.method))
        return True


def refuse_uncovered(scopes: list[str], method: str) -> None:
    enough = {Scope.WORK, Scope.READ} if method in SAFE_METHODS else {Scope.WORK}
    if scopes and enough.isdisjoint(scopes):
        raise NotAllowed("The key lacks the scope 'work'.")
