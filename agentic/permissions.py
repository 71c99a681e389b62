"""Deny by default: a view names the rule that lets people in, or lets nobody in."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from agentic.roles import may


class RulePermission(BasePermission):
    """Asks `agentic.roles` whether the caller may use this view with this method.

    A view says `rules = {"POST": "tasks.create"}`; a method that it does not name is refused to everybody.
    """

    scheme: ClassVar = "accessToken"

    def has_permission(self, request: Request, view: Any) -> bool:
        if has_no_handler(request, view):
            return True
        name = rule_of(request, view)
        return name is not None and may(request.user, name)


class Anyone(BasePermission):
    """For the few doors that open without a sign-in."""

    scheme: ClassVar = ""
    who: ClassVar = "anyone"

    def has_permission(self, request: Request, view: Any) -> bool:
        return True


def rule_of(request: Request, view: Any) -> str | None:
    """The name of the rule that stands before the view's method, where one does."""
    method = "GET" if request.method == "HEAD" else request.method
    rules: dict[str | None, str] = getattr(view, "rules", {})
    return rules.get(method)


def has_no_handler(request: Request, view: Any) -> bool:
    """Whether the view has nothing for the method: then the answer is 405, whoever asks."""
    return not hasattr(view, str(request.method).lower())
