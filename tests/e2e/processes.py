"""The platform as it runs in earnest: processes of its own on PostgreSQL and a Redis that belongs to the tests."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import redis

from tests.e2e.commands import Commands

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
POSTGRES = os.environ.get("E2E_POSTGRES", "postgresql://postgres@127.0.0.1")
PASSWORD = "a long enough passphrase"
PEOPLE = {"ada": "admin", "rita": "reviewer", "max": "agent_manager"}
NOT_OURS = ("admin", "drf_spectacular_sidecar", "rest_framework")
SMALL = {
    "TASK_ACK_TIMEOUT_SECONDS": "60",
    "TASK_LEASE_SECONDS": "60",
    "TASK_MAX_RETRIES": "2",
    "AGENT_HEARTBEAT_SECONDS": "10",
    "AGENT_SILENT_SECONDS": "60",
    "SWEEP_INTERVAL_SECONDS": "0.5",
    # One person asks for all tests, and asks again and again.
    "RATE_PER_MINUTE_PERSON": "0",
    "RATE_PER_MINUTE_AGENT": "0",
    "RATE_PER_MINUTE_SIGN_IN": "0",
    "TRAINERS": "own=tests.mlregistry.own_trainer.train",
    "TRAINING_LEASE_SECONDS": "5",
    # The receivers of the tests are on this machine.
    "WEBHOOK_ALLOW_PRIVATE": "true",
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port


def until(done: Callable[[], Any], seconds: float, *, every: float = 0.05, what: str = "") -> Any:
    """What `done` answers, once it is true; AssertionError when it is not in time."""
    end = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < end, f"not within {seconds} s: {what or done}"
        time.sleep(every)
    return found


class Platform:
    """Its processes by name; each can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.database = folder, f"agentic_e2e_{uuid4().hex[:10]}"
        self.web_port, self.live_port, self.redis_port = free_port(), free_port(), free_port()
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: Commands | None = None
        self.env = {
            **os.environ,
            **SMALL,
            "DATABASE_URL": f"{POSTGRES}/{self.database}",
            "REDIS_URL": f"redis://127.0.0.1:{self.redis_port}/0",
            "JWT_SECRET_KEY": uuid4().hex * 2,
            "SECRET_KEY": uuid4().hex * 2,
            "DATA_DIR": str(folder),
            "BEHIND_TLS": "false",
            "AGENTIC_PASSWORD": PASSWORD,
            "DJANGO_SETTINGS_MODULE": "agentic.settings",
        }
        self.programs: dict[str, list[str | Path]] = {
            "redis": ["redis-server", "--port", str(self.redis_port), "--save", "", "--appendonly", "no"],
            "web": [
                BIN / "granian", "--interface", "wsgi", "--http", "1", "--workers", "2", "--blocking-threads", "4",
                "--host", "127.0.0.1", "--port", str(self.web_port), "agentic.wsgi:application",
            ],
            "live": [
                BIN / "uvicorn", "agentic.asgi:application", "--host", "127.0.0.1", "--port", str(self.live_port),
                "--log-level", "warning", "--no-access-log", "--no-server-header",
                "--no-proxy-headers",
                "--ws-max-size", "131072", "--ws-per-message-deflate", "false",
            ],
            "worker": [
                BIN / "celery", "-A", "agentic", "worker", "--concurrency", "1", "--without-gossip",
                "--without-mingle",
            ],
            "trainer": [
                BIN / "celery", "-A", "agentic", "worker", "-Q", "training", "--pool", "threads", "--concurrency", "1",
                "--without-gossip", "--without-mingle",
            ],
            "beat": [BIN / "celery", "-A", "agentic", "beat", "--schedule", str(folder / "beat")],
        }  # fmt: skip

        self.programs["trainer-two"] = self.programs["trainer"]

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def live(self) -> str:
        return f"http://127.0.0.1:{self.live_port}"

    def start(self, *names: str) -> None:
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    self.programs[name],
                    cwd=ROOT,
                    env=self.env,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self, *names: str) -> None:
        """As a power cut would: the whole group, without a word."""
        for name in names:
            process = self.running.pop(name)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def manage(self, *args: str) -> str:
        if self.commands is None:
            self.commands = Commands(self.env, self.folder / "manage.log")
        return self.commands(*args)

    def redis(self) -> redis.Redis:
        return redis.Redis(port=self.redis_port)

    def redis_answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), self.redis() as client:
            return bool(client.ping())
        return False

    def answers(self, base: str) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{base}/readyz", timeout=5).status_code == 200
        return False

    def sweeps(self) -> bool:
        """A sweep has run that was sent by beat and carried out by a worker."""
        return bool(
            self.rows(
                "SELECT 1 FROM heartbeats WHERE name = 'sweep' AND at > now() - interval '4 s'"
            )
        )

    def sweeps_anew(self) -> None:
        """Waits for a sweep that begins from now on: Redis may have been killed a moment ago."""
        now = self.value("SELECT now()")
        ran = "SELECT count(*) FROM heartbeats WHERE name = 'sweep' AND at > %s"
        until(lambda: self.value(ran, now), 40, every=0.2, what="a sweep")

    def rows(self, sql: str, *params: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.env["DATABASE_URL"], autocommit=True) as connection:
            return connection.execute(sql, params).fetchall()

    def value(self, sql: str, *params: Any) -> Any:
        (row,) = self.rows(sql, *params)
        return row[0]

    def set_up(self) -> None:
        with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {self.database}")
        self.start("redis")
        until(self.redis_answers, 10, what="redis")
        # The files of the pages; those of the admin site and of the documents are many.
        apart = (f"--ignore={folder}" for folder in NOT_OURS)
        self.manage("migrate", "--noinput", "-v", "0")
        self.manage("collectstatic", "--noinput", "-v", "0", *apart)
        for name, role in PEOPLE.items():
            self.manage("create_user", name, "--role", role)
        self.start("web", "live", "worker", "beat")
        for base in (self.web, self.live):
            until(partial(self.answers, base), 40, every=0.2, what=base)
        until(self.sweeps, 30, every=0.2, what="a sweep by beat and worker")

    def tear_down(self) -> None:
        self.kill(*self.running)
        if self.commands:
            self.commands.close()
        with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {self.database} WITH (FORCE)")

    def logs(self) -> list[Path]:
        return sorted(self.folder.glob("*.log"))

    def errors(self, name: str) -> list[str]:
        """Lines of a process's log that tell of something unforeseen."""
        lines = (self.folder / f"{name}.log").read_text(errors="replace").splitlines()
        return [line for line in lines if "Traceback" in line or " ERROR " in line]


@contextlib.contextmanager
def platform_in(folder: Path) -> Iterator[Platform]:
    platform = Platform(folder)
    try:
        platform.set_up()
        yield platform
    finally:
        platform.tear_down()
