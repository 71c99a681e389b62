"""What the services say to the database, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from bench.replay import Script
from bench.steps import Trio


def statements(steps: Sequence[Callable[[Any], Any]]) -> Script:
    """What each step says to the database, once what a process reads only now and then has been read."""
    walk(steps)
    script: Script = []

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        script[-1].append((str(sql), [plain(param) for param in params or ()]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        walk(steps, before_each=lambda: script.append([]))
    return script


def walk(
    steps: Sequence[Callable[[Any], Any]], before_each: Callable[[], object] = lambda: None
) -> None:
    """Each step is given what the one before has left."""
    left: Any = None
    for step in steps:
        before_each()
        left = step(left)


def plain(value: Any) -> Any:
    """Without Django's and our own types, so that a process without them can send it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Jsonb):
        return Jsonb(plain(value.obj))
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def staying(caught_for: Trio, client: Trio) -> dict[UUID, UUID]:
    """The people stay who they are; the agent becomes the client's own."""
    people = [caught_for.manager.actor.id, caught_for.reviewer.actor.id]
    return {one: one for one in people if one} | {caught_for.agent.id: client.agent.id}
