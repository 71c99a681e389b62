"""The home page: who one is here, and where one can go from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from agentic.models import User
from agentic.roles import Role, roles_of


class Door(NamedTuple):
    """A page that the home page leads to, for those whom it lets in. `page` is the name of its address."""

    page: str
    name: str
    about: str
    opens_for: Callable[[HttpRequest], bool] = lambda request: True

    @property
    def address(self) -> str:
        return reverse(self.page)


DOORS = [
    Door(
        "admin:index",
        "Admin site",
        "Agents, their keys and their tasks, people and their roles, and what happened.",
        admin.site.has_permission,
    ),
    Door("docs", "API", "Every call, and who may make it."),
    Door("readyz", "Readiness", "What this server has found out about its own health."),
]


def home_page(request: HttpRequest, about: dict[str, str]) -> HttpResponse:
    doors = [door for door in DOORS if door.opens_for(request)]
    person = request.user if isinstance(request.user, User) else None
    roles = own_roles(request.user)
    answer = render(
        request, "home.html", {**about, "person": person, "roles": roles, "doors": doors}
    )
    add_never_cache_headers(answer)
    return answer


def own_roles(user: Any) -> list[Role]:
    """The roles that say it all: those that another one contains are left out."""
    names = roles_of(user)
    if Role.ADMIN in names:
        return [Role.ADMIN]
    return [role for role in Role if role in names and (role != Role.VIEWER or len(names) == 1)]
