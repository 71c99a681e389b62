"""Every call of the API, and who may make it: read off the views, so that it is always true."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import getdoc
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from agentic.operations import Operation

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Route(NamedTuple):
    path: str
    method: str
    view: type[APIView]
    options: dict[str, Any] = {}  # what the address gives to its view

    @property
    def rule(self) -> str:
        """The rule that guards it; empty where the view has another guard, or none."""
        rules: dict[str, str] = getattr(self.view, "rules", {})
        return rules.get(self.method, "")

    @property
    def operation(self) -> Operation | None:
        """What the view says of the call, for the API's document."""
        said = self.options.get("operations", getattr(self.view, "operations", {}))
        described: Operation | None = said.get(self.method)
        return described

    @property
    def guards(self) -> list[Any]:
        return list(self.view.permission_classes)

    @property
    def who(self) -> str:
        return self.rule or ", ".join(getdoc(guard) or guard.__name__ for guard in self.guards)


def api_routes() -> list[Route]:
    routes = found(get_resolver().url_patterns, "/")
    mine = (route for route in routes if route.path.startswith("/api/"))
    return sorted(mine, key=lambda route: (route.path, route.method))


def found(patterns: list[Any], prefix: str) -> Iterator[Route]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from found(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            view: Any = getattr(pattern.callback, "cls", None)
            options: Any = getattr(pattern.callback, "view_initkwargs", {})
            for method in METHODS:
                if hasattr(view, method.lower()):
                    yield Route(path, method, view, options)
