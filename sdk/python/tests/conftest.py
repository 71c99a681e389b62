from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

import agentic_client
from agentic_client import Agent, testing


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agentic_client, "FIRST_DELAY", 0.01)
    monkeypatch.setattr(agentic_client, "SHORTEST_BEAT_GAP", 0.02)


@pytest.fixture
def fake() -> testing.FakePlatform:
    return testing.FakePlatform(heartbeat_interval=0.05)


@pytest.fixture
def agent() -> Agent:
    return Agent("worker", grace=2.0)


class Door(BaseHTTPRequestHandler):
    """Serves the platform in memory to another process."""

    protocol_version = "HTTP/1.1"
    fake: testing.FakePlatform

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = testing.FakePlatform.url + self.path
        request = httpx.Request(self.command, url, headers=dict(self.headers), content=body)
        said = self.fake.handle_request(request)
        self.send_response(said.status_code)
        self.send_header("Content-Length", str(len(said.content)))
        self.end_headers()
        self.wfile.write(said.content)

    do_GET = do_POST = answer  # noqa: N815  (the names that http.server looks for)

    def log_message(self, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    def handle_error(self, *args: Any) -> None:
        """An agent that hangs up in a poll is part of the tests."""


@pytest.fixture
def server(fake: testing.FakePlatform) -> Iterator[str]:
    """The address of a real HTTP server of the platform in memory."""
    http = Server(("127.0.0.1", 0), type("FakeDoor", (Door,), {"fake": fake}))
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{http.server_port}"
    http.shutdown()
    http.server_close()
