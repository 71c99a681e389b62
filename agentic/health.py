"""Is this process fit to serve? Each part adds the checks that it knows about."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

REDIS_SECONDS = 1
logger = logging.getLogger(__name__)


class Finding(NamedTuple):
    ok: bool
    detail: str
    age_seconds: float | None = None  # of what has to happen again and again

    @property
    def shown(self) -> dict[str, Any]:
        return {name: value for name, value in self._asdict().items() if value is not None}


class Check(NamedTuple):
    look: Callable[[], Finding]
    needed: bool


CHECKS: dict[str, Check] = {}


def add_check(name: str, look: Callable[[], Finding], *, needed: bool = False) -> None:
    """Ask `look` whenever readiness is asked for. Without a `needed` one, no request is taken."""
    CHECKS[name] = Check(look, needed)


def look_around() -> tuple[str, dict[str, Finding]]:
    """`ready`, `degraded` or `unavailable`, and what each check found.

    Stops at the first needed check that fails: the others lean on it and would wait in vain.
    """
    findings: dict[str, Finding] = {}
    for name, check in CHECKS.items():
        findings[name] = found = carefully(name, check.look)
        if check.needed and not found.ok:
            return "unavailable", findings
    return ("ready" if all(found.ok for found in findings.values()) else "degraded"), findings


def carefully(name: str, look: Callable[[], Finding]) -> Finding:
    """What went wrong goes to the log: the answer is public, and errors name hosts and users."""
    try:
        return look()
    except (DatabaseError, redis.RedisError, OSError) as error:
        logger.warning("health check %s: %s", name, error)
        return Finding(False, "does not answer")


def database() -> Finding:
    """Answers, and keeps what it has confirmed."""
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            cursor.execute("SELECT 1")
            return Finding(True, "answers")
        cursor.execute("SHOW synchronous_commit")
        row: tuple[str] = cursor.fetchone()
    if row[0] == "off":
        return Finding(False, "synchronous_commit is off: confirmed work could be lost")
    return Finding(True, f"answers, synchronous_commit is {row[0]}")


def migrations() -> Finding:
    missing = known_migrations() - set(MigrationRecorder(connection).applied_migrations())
    if missing:
        return Finding(False, f"{len(missing)} not applied: run manage.py migrate")
    return Finding(True, "all applied")


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    return frozenset(MigrationLoader(None).disk_migrations)


def broker() -> Finding:
    """Redis may be away: tasks are still accepted, and nothing that it held is lost."""
    if not settings.REDIS_URL:
        return Finding(True, "in this process")
    with redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=REDIS_SECONDS, socket_timeout=REDIS_SECONDS
    ) as client:
        client.ping()
    return Finding(True, "answers")


add_check("database", database, needed=True)
add_check("migrations", migrations, needed=True)
add_check("broker", broker)
