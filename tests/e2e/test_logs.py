"""No token, key or password is in any line that the platform writes, however much it is asked to say."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from django.conf import settings
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from agentic.redaction import HIDDEN
from tests.e2e.callers import Caller
from tests.e2e.embedded import Running, prepare, running
from tests.e2e.processes import BIN, PASSWORD, Platform, free_port, until

WRONG = "quite another passphrase"
FORGED = jwt.encode({"sub": "ada", "token_type": "access"}, "k" * 40, algorithm="HS256")
NO_KEY = "aap_abcdefgh_thisisnokeyofouragentsandneverwasone0123456789"
SOCKET = "/api/v1/oversight/ws"


@pytest.fixture
def loud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """The whole platform in one process, which logs whatever anybody wants to have logged."""
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    monkeypatch.setenv("AGENTIC_PASSWORD", PASSWORD)
    prepare(tmp_path, ada="admin")
    with running(tmp_path, "serve") as platform:
        yield platform


class Visit:
    """Does all that takes a secret, and remembers each of them."""

    def __init__(self, base: str) -> None:
        self.http = httpx.Client(base_url=base, timeout=30)
        self.secrets = {PASSWORD, WRONG, FORGED, NO_KEY}

    def call(self, method: str, path: str, bearer: str = "", **said: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        return self.http.request(method, f"/api/v1{path}", headers=headers, **said)

    def sign_in(self) -> str:
        for password in (WRONG, PASSWORD):
            said = {"username": "ada", "password": password}
            answer = self.call("POST", "/auth/token", data=said)
        tokens = answer.json()
        again = {"refresh_token": tokens["refresh_token"]}
        fresh = self.call("POST", "/auth/token/refresh", json=again).json()
        self.secrets |= {
            pair[n] for pair in (tokens, fresh) for n in ("access_token", "refresh_token")
        }
        return str(fresh["access_token"])

    def sign_in_on_a_page(self) -> None:
        page = self.http.get("/sign-in").text
        form = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        assert form
        said = {"csrfmiddlewaretoken": form[1], "username": "ada", "password": PASSWORD}
        answer = self.http.post("/sign-in", data={**said, "next": "/"}, follow_redirects=True)
        assert "sessionid" in self.http.cookies, answer.text
        self.secrets |= {form[1], self.http.cookies["sessionid"], self.http.cookies["csrftoken"]}

    def work(self, access: str) -> None:
        agent = {"name": "reader", "capabilities": ["digits"]}
        made = self.call("POST", "/admin/agents", access, json=agent).json()
        key = self.call("POST", f"/admin/agents/{made['id']}/keys", access, json={}).json()["key"]
        self.secrets.add(key)
        for path, body in (("register", {}), ("claim", {"wait_seconds": 0})):
            assert self.call("POST", f"/worker/{path}", key, json=body).status_code == 200
        self.call("GET", f"/auth/me?token={key}", key)

    def knock(self, access: str) -> None:
        """At doors that stay closed, and with tokens where they do not belong."""
        for token in (FORGED, NO_KEY, access + "x"):
            assert self.call("GET", f"/auth/me?token={token}", token).status_code == 401
            shake_hands(str(self.http.base_url), token)
        shake_hands(str(self.http.base_url), access)
        self.http.get(f"/nothing?token={access}&password={WRONG}")

    def break_something(self, access: str, database: Path) -> httpx.Response:
        """A row that cannot be read: nobody foresaw it."""
        task = self.call("POST", "/decisions/task", access, json={"title": "x"}).json()
        with sqlite3.connect(database) as rows:
            rows.execute("PRAGMA ignore_check_constraints = ON")
            rows.execute("UPDATE tasks SET payload = '{'")
        return self.call("GET", f"/decisions/task/{task['id']}?token={access}", access)


def shake_hands(base: str, token: str) -> None:
    address = f"{base.rstrip('/').replace('http', 'ws')}{SOCKET}?token={token}"
    with suppress(WebSocketException), connect(address) as socket:
        socket.recv(timeout=10)


def told(text: str, secrets: set[str]) -> list[str]:
    """The lines that tell a secret, as it is, in part, or as an address writes it."""
    forms = {
        form for one in secrets for form in (one, one.replace(" ", "+"), one.replace(" ", "%20"))
    }
    forms |= {one[:40] for one in secrets if len(one) > 60}
    return [line for line in text.splitlines() if any(form in line for form in forms)]


@pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")
def test_one_process_that_logs_everything_tells_no_secret(loud: Running) -> None:
    visit = Visit(loud.url)
    access = visit.sign_in()
    visit.sign_in_on_a_page()
    visit.work(access)
    visit.knock(access)
    assert visit.break_something(access, loud.data / "agentic.sqlite3").status_code == 500
    visit.http.close()
    loud.stop()
    text = loud.log.read_text()
    keys = {file.read_text().strip() for file in loud.data.glob("*.key")}
    assert len(keys) == 2
    assert told(text, visit.secrets | keys) == []
    for proof in ("DEBUG", "Traceback", "unhandled error at /api/v1/decisions/task/"):
        assert proof in text


def test_nor_does_any_process_of_the_whole_platform(
    platform: Platform, boss: Caller, hire: Callable[..., Caller]
) -> None:
    agent = hire()
    agent.post("/worker/claim", wait_seconds=0)
    port = free_port()
    # As somebody starts it who knows nothing of logs.
    platform.programs["loud"] = [BIN / "uvicorn", "agentic.asgi:application", "--port", str(port)]
    platform.start("loud")
    base = f"http://127.0.0.1:{port}"
    until(partial(platform.answers, base), 40, every=0.2)
    for bearer in (boss.bearer, agent.bearer, FORGED, NO_KEY):
        for address in (base, platform.web, platform.live):
            httpx.get(f"{address}/api/v1/auth/me?token={bearer}")
        for address in (base, platform.live):
            shake_hands(address, bearer)
    platform.kill("loud")
    env = (platform.env[name] for name in ("JWT_SECRET_KEY", "SECRET_KEY"))
    secrets = {boss.bearer, agent.bearer, FORGED, NO_KEY, PASSWORD, *env}
    logs = {file.stem: file.read_text(errors="replace") for file in platform.folder.glob("*.log")}
    assert logs.keys() >= {"web", "live", "worker", "beat", "loud"}
    assert {name: found for name, text in logs.items() if (found := told(text, secrets))} == {}
    assert f"{SOCKET}?token={HIDDEN}" in logs["loud"]
