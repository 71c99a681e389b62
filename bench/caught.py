"""What the services say to the database, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any
from uuid import UUID

from django.db import connection
from psycopg.types.json import Jsonb

from bench.replay import Script
from bench.steps import Trio


def statements(steps: Iterable[Callable[[Any], Any]]) -> Script:
    """What each step says to the database; each step is given what the one before has left."""
    script: Script = []
    left: Any = None

    def listen(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        script[-1].append((str(sql), [plain(param) for param in params or ()]))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(listen):
        for step in steps:
            script.append([])
            left = step(left)
    return script


def plain(value: Any) -> Any:
    """Without Django's and our own types, so that a process without them can send it."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Jsonb):
        return Jsonb(value.obj)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def staying(caught_for: Trio, client: Trio) -> dict[UUID, UUID]:
    """The people stay who they are; the agent becomes the client's own."""
    people = [caught_for.manager.actor.id, caught_for.reviewer.actor.id]
    return {one: one for one in people if one} | {caught_for.agent.id: client.agent.id}
