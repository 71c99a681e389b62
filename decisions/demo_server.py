"""The platform that the demo goes through: one that is named, the one that runs here, or one of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from django.conf import settings
from django.core.management.base import CommandError

from agentic.one_server import address_of_server

START_SECONDS = 60
STOP_SECONDS = 15


@contextmanager
def server_at(url: str, logs: Path) -> Iterator[str]:
    """The address to use; a server that was started for it stops at the end."""
    if not url and settings.EMBEDDED:
        url = address_of_server(settings.DATA_DIR) or ""
    if url:
        if not is_ready(url):
            raise CommandError(f"No platform is ready at {url}.")
        yield url.rstrip("/")
        return
    with own_server(logs / "server.log") as url:
        yield url


@contextmanager
def own_server(log: Path) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "manage.py", "serve", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us: we stop it
        )
    try:
        wait_until_ready(url := f"http://127.0.0.1:{port}", process, log)
        yield url
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not is_ready(url):
        if process.poll() is not None or time.monotonic() > deadline:
            raise CommandError(f"The server did not start:\n{log.read_text()[-2000:]}")
        time.sleep(0.2)


def is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=10, trust_env=False).is_success
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
