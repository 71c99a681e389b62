"""The platform in earnest, once for all tests in this folder. They run alone, after the others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest
from django.conf import settings

from tests.e2e.embedded import Running, manage, running
from tests.e2e.processes import PASSWORD, POSTGRES, Platform, platform_in

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.serial)


def missing_services() -> str:
    if shutil.which("redis-server") is None:
        return "there is no redis-server"
    try:
        psycopg.connect(f"{POSTGRES}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"PostgreSQL does not answer: {error}"
    return ""


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    if settings.EMBEDDED:  # these are its own services either way: once is enough
        pytest.skip("tried in the run on PostgreSQL and Redis")
    if why := missing_services():
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(why)
        pytest.skip(why)
    with platform_in(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded default, with an admin, a reviewer and a viewer, for whoever wants to look at its pages."""
    data = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTIC_PASSWORD", PASSWORD)
        assert manage(data, "migrate", "-v", "0").returncode == 0
        for name, role in (("ada", "admin"), ("rita", "reviewer"), ("vera", "viewer")):
            assert manage(data, "create_user", name, "--role", role).returncode == 0
    with running(data, "serve") as platform:
        yield platform


class Caller:
    """Somebody who calls the API of one process; an agent with its name and id."""

    def __init__(self, base: str, bearer: str = "", *, name: str = "", agent_id: str = "") -> None:
        self.name, self.id = name, agent_id
        headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
        limits = httpx.Limits(max_connections=300, max_keepalive_connections=100)
        self.bearer = bearer
        self.http = httpx.Client(
            base_url=f"{base}/api/v1", headers=headers, timeout=60, limits=limits
        )

    def call(self, method: str, path: str, **body: Any) -> httpx.Response:
        return self.http.request(method, path, json=body)

    def post(self, path: str, **body: Any) -> httpx.Response:
        return self.call("POST", path, **body)

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def said(self, path: str, **body: Any) -> Any:
        """The answer to a call that has to succeed."""
        answer = self.post(path, **body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def sign_in(platform: Platform) -> Iterator[Callable[[str], Caller]]:
    callers: list[Caller] = []

    def sign(name: str) -> Caller:
        with httpx.Client() as http:
            credentials = {"username": name, "password": PASSWORD}
            answer = http.post(f"{platform.web}/api/v1/auth/token", json=credentials)
        callers.append(Caller(platform.web, answer.json()["access_token"]))
        return callers[-1]

    yield sign
    for caller in callers:
        caller.http.close()


@pytest.fixture
def boss(sign_in: Callable[[str], Caller]) -> Caller:
    return sign_in("ada")


@pytest.fixture
def hire(platform: Platform, boss: Caller) -> Iterator[Callable[..., Caller]]:
    """`hire(at_once=5)`: a new agent that alone can do the tasks with its name as capability."""
    hired: list[tuple[str, Caller]] = []

    def make(at_once: int = 10, base: str = "") -> Caller:
        name = f"agent-{uuid4().hex[:8]}"
        agent = boss.said(
            "/admin/agents", name=name, capabilities=[name], max_concurrent_tasks=at_once
        )
        key = boss.said(f"/admin/agents/{agent['id']}/keys")["key"]
        caller = Caller(base or platform.web, key, name=name, agent_id=agent["id"])
        hired.append((agent["id"], caller))
        return caller

    yield make
    for agent_id, caller in hired:
        boss.call("PATCH", f"/admin/agents/{agent_id}/status", new_status="maintenance")
        caller.http.close()


@pytest.fixture
def pass_all(boss: Caller) -> Iterator[None]:
    """Nobody looks at results: they are verified as they come."""
    rules: dict[str, Any] = {"task_types": {}, "priorities": {}, "review_seconds": 3600}
    boss.said("/admin/policies", threshold=0, sample_share=0, note="a test", **rules)
    yield
    boss.said("/admin/policies", threshold=None, sample_share=0, note="a test", **rules)
