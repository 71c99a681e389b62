"""psycopg alone, doing the same: caught statements are sent again, with ids of their own."""

from __future__ import annotations

import re
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from agentic.environment import database
from agentic.ids import new_id
from bench.crew import Worker
from bench.platform import SERVER

Statement = tuple[str, list[Any]]
Script = list[list[Statement]]  # the statements of each step
# The platform's own, so that both sides are served alike.
OPTIONS = database(SERVER, data_dir=Path())["OPTIONS"]["options"]
# With dashes in JSON, without them in arrays; never a part of a longer digest.
ID = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}(-?)[0-9a-f]{4}\1(?:7)[0-9a-f]{3}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-f])"
)


class Fresh:
    """Gives each id of the caught lifecycle a new one, but for those that stay."""

    def __init__(self, stay: dict[UUID, UUID]) -> None:
        self.ids: dict[UUID, UUID] = defaultdict(new_id, stay)

    def __call__(self, value: Any) -> Any:
        if isinstance(value, UUID):
            return self.ids[value]
        if isinstance(value, list):
            return [self(item) for item in value]
        if isinstance(value, str) and len(value) >= 32:
            return ID.sub(self.other, value)
        return value

    def other(self, found: re.Match[str]) -> str:
        """Another id in the same spelling."""
        fresh = self.ids[UUID(found[0])]
        return str(fresh) if found[1] else fresh.hex


def again(script: Script, stay: dict[UUID, UUID]) -> Script:
    fresh = Fresh(stay)
    return [[(sql, fresh(params)) for sql, params in step] for step in script]


def client(dsn: str, script: Script, stay: dict[UUID, UUID], each: int) -> Worker:
    """One connection that goes through the script again and again, `each` lifecycles at a time."""
    alone = psycopg.connect(dsn, prepare_threshold=1, options=OPTIONS)
    speed = 400.0 / each

    def worker(seconds: float) -> Callable[[float], int]:
        nonlocal speed
        ahead = [again(script, stay) for _ in range(int(speed * seconds * 1.5) + 10)]

        def run(seconds: float) -> int:
            nonlocal speed
            began, done = time.perf_counter(), 0
            for lifecycle in ahead:
                for step in lifecycle:
                    send(alone, step)
                done += 1
                if time.perf_counter() - began >= seconds:
                    break
            speed = done / (time.perf_counter() - began)
            return done * each

        return run

    return worker


def send(alone: psycopg.Connection, step: list[Statement]) -> None:
    """BEGIN, the statements with all that they answer, COMMIT."""
    for sql, params in step:
        cursor = alone.execute(sql, params)
        if cursor.description:
            cursor.fetchall()
    alone.commit()
