"""Run the test suite on SQLite and then, where they answer, on PostgreSQL and Redis.

`make test` calls this; further arguments go to pytest. The services are `DATABASE_URL` and
`REDIS_URL`, or else what answers on this machine's usual ports. With `REQUIRE_SERVICES=1` a service
that does not answer is a failure, and so is, inside the suite, a test that lacks one.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis

ROOT = Path(__file__).resolve().parent.parent
# A name of its own for each checkout, so that two of them can be tested at once.
NAME = "agentic_" + hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
DATABASE_URL = os.environ.get("DATABASE_URL") or f"postgres://postgres@127.0.0.1:5432/{NAME}"
REDIS_URL = os.environ.get("REDIS_URL") or "redis://127.0.0.1:6379/15"
REQUIRED = os.environ.get("REQUIRE_SERVICES", "") not in {"", "0"}
NO_TESTS = 5  # pytest's exit code when nothing was selected


def main(arguments: list[str]) -> int:
    missing = [problem for problem in (postgres_problem(), redis_problem()) if problem]
    for problem in missing:
        print(f"!! {problem}", flush=True)
    failed = [] if run("SQLite", {}, arguments) else ["SQLite"]
    if not missing:
        services = {
            "DATABASE_URL": DATABASE_URL,
            "REDIS_URL": REDIS_URL,
            "SECRET_KEY": secrets.token_hex(32),
            "JWT_SECRET_KEY": secrets.token_hex(32),
            "BEHIND_TLS": "false",  # the tests' client speaks plain http
        }
        failed += (
            [] if run("PostgreSQL and Redis", services, arguments) else ["PostgreSQL and Redis"]
        )
    elif REQUIRED:
        failed.append("PostgreSQL and Redis (REQUIRE_SERVICES is set and they do not answer)")
    else:
        print("-- Not run on PostgreSQL and Redis: they do not answer here.")
    for name in failed:
        print(f"FAILED: the tests on {name}")
    return 1 if failed else 0


def run(name: str, services: dict[str, str], arguments: list[str]) -> bool:
    """By three processes at once; then, alone, what is marked `serial`. On services not what is the same anywhere."""
    print(f"== Tests on {name}", flush=True)
    started = time.monotonic()
    two = ("-n", "3", "--dist", "loadgroup", "--no-loadscope-reorder")
    slow = ("--durations", "25", "--durations-min", "3")
    once = " and not anywhere" if services else ""
    parallel = pytest(services, *two, "-m", f"not serial{once}", *slow, *arguments)
    serial = pytest(services, "-n", "0", "-m", f"serial{once}", *slow, *arguments)
    print(f"== Tests on {name}: {time.monotonic() - started:.0f} s", flush=True)
    codes = {parallel, serial}
    return 0 in codes and codes <= {0, NO_TESTS}


def pytest(services: dict[str, str], *arguments: str) -> int:
    environment = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "REDIS_URL"}}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment | services, check=False).returncode


def postgres_problem() -> str:
    server = urlsplit(DATABASE_URL.replace("+asyncpg", ""))._replace(path="/postgres")
    try:
        with psycopg.connect(server.geturl(), connect_timeout=3):
            return ""
    except psycopg.Error as error:
        return f"PostgreSQL does not answer: {str(error).strip()}"


def redis_problem() -> str:
    try:
        with redis.Redis.from_url(REDIS_URL, socket_connect_timeout=3) as client:
            client.ping()
            return ""
    except redis.RedisError as error:
        return f"Redis does not answer: {error}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
