"""The embedded default as a process of its own, with nothing set but its data folder."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import httpx

from examples.digits.people import Person
from tests.e2e.commands import Commands
from tests.e2e.processes import ROOT, free_port, until

SET_BY_OTHERS = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "JWT_SECRET_KEY", "BEHIND_TLS"}
START_SECONDS = 60
STOP_SECONDS = 20


def bare_environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in SET_BY_OTHERS}
    return kept | {"DATA_DIR": str(data), "PYTHONWARNINGS": "default"}


def manage(data: Path, *words: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=bare_environment(data),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def prepare(data: Path, **people: str) -> None:
    """Migrated, and with people by name and role; their password is the environment's."""
    shutil.copytree(migrated(), data, dirs_exist_ok=True)
    if people:
        created = [["create_user", name, "--role", role] for name, role in people.items()]
        carry_out(data, *created)


@cache
def migrated() -> Path:
    """Made once for all."""
    folder = Path(mkdtemp(prefix="agentic-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    carry_out(folder, ["migrate", "-v", "0"])
    return folder


def carry_out(data: Path, *commands: list[str]) -> None:
    with contextlib.closing(Commands(bare_environment(data), data / "manage.log")) as manage:
        for words in commands:
            manage(*words)


class Running:
    """`manage.py run` or `serve` on a port of its own."""

    def __init__(self, data: Path, *words: str) -> None:
        self.data, self.port = data, free_port()
        self.log = data / "output.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", *words, "--port", str(self.port)],
                cwd=ROOT,
                env=bare_environment(data),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=10).is_success
        return False

    def stop(self, number: int = signal.SIGINT) -> int:
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def agents(self) -> dict[str, int]:
        """Process ids of the agents, by name."""
        found = {}
        for pid in children_of(self.process.pid):
            with contextlib.suppress(FileNotFoundError):
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                if "examples.digits.agents" in words:
                    found[words[words.index("examples.digits.agents") + 1]] = pid
        return found

    def signed_in(self, name: str) -> Person:
        password = json.loads((self.data / "demo.json").read_text())["passwords"][name]
        return Person(self.url, name, password)


@contextlib.contextmanager
def running(data: Path, *words: str) -> Iterator[Running]:
    data.mkdir(exist_ok=True)
    platform = Running(data, *words)
    try:
        until(platform.is_ready, START_SECONDS, every=0.2)
        yield platform
    finally:
        if platform.process.poll() is None:
            platform.process.kill()
            platform.process.wait()


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for file in tasks.glob("*/children") for child in file.read_text().split()]


def is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
