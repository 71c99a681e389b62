"""The home page of those who do not work here (yet): what this is, who one is, and where one can go."""

from __future__ import annotations

from typing import NamedTuple

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from agentic.models import User


class Door(NamedTuple):
    """A page that the home page leads to. `page` is the name of its address."""

    page: str
    name: str
    about: str

    @property
    def address(self) -> str:
        return reverse(self.page)


DOORS = [
    Door("docs", "API", "Every call, and who may make it."),
    Door("readyz", "Readiness", "What this server has found out about its own health."),
]


def home_page(request: HttpRequest, about: dict[str, str]) -> HttpResponse:
    person = request.user if isinstance(request.user, User) else None
    answer = render(request, "home.html", {**about, "person": person, "doors": DOORS})
    add_never_cache_headers(answer)
    return answer
