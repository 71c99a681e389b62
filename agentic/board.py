"""What an operator sees first on the admin site: is anything wrong, and where. Each part adds what it knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import QuerySet
from django.http import HttpRequest

from agentic.admin_parts import Tone
from agentic.health import look_around
from agentic.roles import may

WORST_FIRST: tuple[Tone, ...] = ("bad", "warn", "busy", "quiet", "good")
MOST_COUNTED = 1000  # past this a figure says "or more": nobody waits for an exact one


class Figure(NamedTuple):
    """A number with its name; `address` leads to the rows behind it."""

    name: str
    number: str
    tone: Tone
    text: str
    address: str


class Source(NamedTuple):
    rule: str
    look: Callable[[], Figure]


SOURCES: list[Source] = []


def add_figure(rule: str, look: Callable[[], Figure]) -> None:
    """Ask `look` for everybody whom the rule lets see what it counts."""
    SOURCES.append(Source(rule, look))


def figures(request: HttpRequest) -> list[Figure]:
    """What is wrong stands first."""
    seen = [source.look() for source in SOURCES if may(request.user, source.rule)]
    return sorted(seen, key=lambda figure: WORST_FIRST.index(figure.tone))


def what_fails() -> list[str]:
    """What this server has found out about its own health, where it is not well."""
    _, findings = look_around()
    return [f"{name}: {found.detail}" for name, found in findings.items() if not found.ok]


def counted(rows: QuerySet[Any]) -> int:
    """At most `MOST_COUNTED`."""
    return rows.order_by().values("pk")[:MOST_COUNTED].count()


def in_words(number: int) -> str:
    return f"{number:,}" if number < MOST_COUNTED else f"{MOST_COUNTED:,}+"


def alarm(name: str, rows: QuerySet[Any], tone: Tone, text: str, address: str) -> Figure:
    """A number that should be zero: it has its colour as long as it is not."""
    number = counted(rows)
    return Figure(name, in_words(number), tone if number else "good", text, address)
