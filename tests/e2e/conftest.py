"""The platform in earnest, once for all tests in this folder. Most run alone, after the others."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from tests.e2e.browsing import WIDE, chromium
from tests.e2e.callers import Caller, signed_in
from tests.e2e.embedded import Running, manage, prepare, running
from tests.e2e.filled import Full, hostile
from tests.e2e.processes import PASSWORD, POSTGRES, Platform, platform_in

HERE = Path(__file__).parent


# These look at pages and answers, not at the clock: beside the others, and a group of files on one server.
IN_COMPANY = {
    "test_fuzzing": "fuzzing",
    "test_demo": "demo",
    "test_training": "platform",
    "test_logs": "platform",
    "test_headers": "platform",
    "test_every_page": "pages",
    "test_stale_parts": "pages",
    "test_content_policy": "pages",
    "test_learning": "learning",
    "test_oidc_browser": "oidc",
    "test_training_embedded": "training",
    "test_desk_kept": "desk",
    "test_admin_site": "admin",
    "test_api_docs": "documents",
}

MOST_LINES = 40
EMPTYING = {"test_api_docs"}  # by the fixture `live_server`


@pytest.hookimpl(tryfirst=True)  # before the groups are read
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They take longest, and so they begin, but for those that empty the database: these come after the others."""
    for item in items:
        if HERE in item.path.parents:
            group = IN_COMPANY.get(item.path.stem)
            item.add_marker(pytest.mark.xdist_group(group) if group else pytest.mark.serial)
    order = [HERE / f"{name}.py" for name in IN_COMPANY if name not in EMPTYING]
    items.sort(key=lambda item: order.index(item.path) if item.path in order else len(order))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With a failure comes what the processes said last: on another machine there is nothing else to go by."""
    report = yield
    platform = getattr(item, "funcargs", {}).get("platform")
    if report.failed and isinstance(platform, Platform):
        report.sections += [(f"end of {log.name}", end_of(log)) for log in platform.logs()]
    return report


def end_of(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-MOST_LINES:])


def missing_services() -> str:
    if shutil.which("redis-server") is None:
        return "there is no redis-server"
    try:
        psycopg.connect(f"{POSTGRES}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return f"PostgreSQL does not answer: {error}"
    return ""


@pytest.fixture(scope="package")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    if settings.EMBEDDED:  # these are its own services either way: once is enough
        pytest.skip("tried in the run on PostgreSQL and Redis")
    if why := missing_services():
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail(why)
        pytest.skip(why)
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("POLICY_TWO_PEOPLE", "false")  # `pass_all` has one admin
            platform = stack.enter_context(platform_in(tmp_path_factory.mktemp("platform")))
        yield platform


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The embedded default, with an admin, a reviewer and a viewer, for whoever wants to look at its pages."""
    data = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTIC_PASSWORD", PASSWORD)
        prepare(data, ada="admin", rita="reviewer", vera="viewer")
    with running(data, "serve") as platform:
        yield platform


@pytest.fixture(scope="package")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    """The embedded default again, with something on every page. Nobody changes it."""
    data = tmp_path_factory.mktemp("full")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTIC_PASSWORD", PASSWORD)
        patch.setenv("RATE_PER_MINUTE_PERSON", "0")
        patch.setenv("POLICY_TWO_PEOPLE", "false")
        prepare(data, ada="admin", vera="viewer")
        seeded = manage(data, "seed", "--tasks", "200")
        assert seeded.returncode == 0, seeded.stderr
        with running(data, "serve") as served:
            yield Full(served, hostile(served))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """In a window of its own, with nobody signed in."""
    context = browser.new_context(viewport=WIDE)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="package")
def sign_in(platform: Platform) -> Iterator[Callable[[str], Caller]]:
    callers: list[Caller] = []

    def sign(name: str) -> Caller:
        callers.append(signed_in(platform.web, name))
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
