"""The platform as it runs in earnest: a database of its own, and real processes."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import redis

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
SERVER = os.environ.get("BENCH_SERVER", "postgresql://postgres@127.0.0.1:5432")
REDIS = os.environ.get("BENCH_REDIS", "redis://127.0.0.1:6379/5")
TEMPLATE = os.environ.get("BENCH_TEMPLATE") or f"agentic_bench_template_{os.getpid()}"
START_SECONDS = 60

Process = subprocess.Popen[bytes]


def environment(database: str, **more: str) -> dict[str, str]:
    """What every process of the platform is started with."""
    own = {
        "DATABASE_URL": f"{SERVER}/{database}",
        "REDIS_URL": REDIS,
        "JWT_SECRET_KEY": secrets.token_urlsafe(40),
        "SECRET_KEY": secrets.token_urlsafe(40),
        "BEHIND_TLS": "false",
        "LOG_LEVEL": "WARNING",
        # A few callers here stand for many.
        "RATE_PER_MINUTE_PERSON": "0",
        "RATE_PER_MINUTE_AGENT": "0",
        "RATE_PER_MINUTE_SIGN_IN": "0",
        "BENCH_TEMPLATE": TEMPLATE,
        "DJANGO_SETTINGS_MODULE": "agentic.settings",
    }
    return {**os.environ, **own, **more}


def dsn() -> str:
    """The database of this process, for psycopg alone: the same address as the platform's."""
    return os.environ["DATABASE_URL"]


def admin(*statements: str) -> None:
    with psycopg.connect(f"{SERVER}/postgres", autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


@contextmanager
def template() -> Iterator[None]:
    """An empty, migrated database, from which each measurement gets a copy."""
    drop(TEMPLATE)
    admin(f"CREATE DATABASE {TEMPLATE}")
    try:
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=environment(TEMPLATE), check=True)
        yield
    finally:
        drop(TEMPLATE)


def drop(database: str) -> None:
    admin(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


@contextmanager
def fresh_database(name: str) -> Iterator[str]:
    database = f"agentic_bench_{name}_{os.getpid()}"
    admin(f"CREATE DATABASE {database} TEMPLATE {TEMPLATE}")
    try:
        yield database
    finally:
        drop(database)


@contextmanager
def web(workers: int = 2, **environ: str) -> Iterator[int]:
    """Plain HTTP: granian's processes; their port."""
    port = free_port()
    command = [
        str(BIN / "granian"), "--interface", "wsgi", "--port", str(port), "--workers", str(workers),
        "--blocking-threads", "2", "--log-level", "error", "agentic.wsgi:application",
    ]  # fmt: skip
    with running(command, **environ) as process:
        wait_for_port(port, process)
        yield port


@contextmanager
def live(**environ: str) -> Iterator[int]:
    """Long polls and sockets: one uvicorn process; its port."""
    with live_process(**environ) as (port, _):
        yield port


@contextmanager
def live_process(**environ: str) -> Iterator[tuple[int, int]]:
    """As `live`: its port, and the id of the process."""
    port = free_port()
    command = [
        str(BIN / "uvicorn"), "agentic.asgi:application", "--port", str(port), "--no-access-log",
        "--log-level", "warning", "--timeout-keep-alive", "65", "--ws-max-size", "131072",
        "--ws-per-message-deflate", "false",
    ]  # fmt: skip
    with running(command, **environ) as process:
        wait_for_port(port, process)
        yield port, process.pid


@contextmanager
def beat_and_worker(**environ: str) -> Iterator[None]:
    """Celery as it is deployed. Ready when the first sweep has been through."""
    flush_redis()
    celery = [str(BIN / "celery"), "-A", "agentic"]
    worker = [
        *celery, "worker", "--concurrency", "2", "--loglevel", "ERROR", "--without-gossip", "--without-mingle",
    ]  # fmt: skip
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stack.enter_context(running(worker, **environ))
        beat = [*celery, "beat", "--loglevel", "ERROR", "--schedule", f"{folder}/beat"]
        stack.enter_context(running(beat, **environ))
        yield


@contextmanager
def running(command: list[str], **environ: str) -> Iterator[Process]:
    """The command in a session of its own, stopped at the end with all that it has started."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore", **environ},
        stdout=sys.stderr,  # a measurement's own output are its rows
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: Process) -> None:
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for_port(port: int, process: Process) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
        if answers(port):
            return
        time.sleep(0.05)
    raise TimeoutError(f"{process.args!r} does not answer")


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(
                b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            )
            return b" 200" in connection.recv(12)
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def flush_redis() -> None:
    with redis.Redis.from_url(REDIS) as client:
        client.flushdb()
