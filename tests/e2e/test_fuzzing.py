"""schemathesis over the API's document, against a real server, in several roles: nothing breaks, nothing is unnamed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest
from django.conf import settings

from tests.e2e import embedded
from tests.e2e.callers import Caller
from tests.e2e.conftest import missing_services
from tests.e2e.fuzzing.seeds import Seeds
from tests.e2e.processes import BIN, PASSWORD, POSTGRES, ROOT, Platform, until

CONFIG = ROOT / "tests/e2e/fuzzing/schemathesis.toml"
PEOPLE = {"ada": "admin", "rita": "reviewer", "max": "agent_manager", "vera": "viewer"}
# Whoever guesses passwords would be shut out, and whoever is silent for a minute would lose its tasks.
CALM = {"SIGN_IN_FAILURES_PER_ADDRESS": "1000000", "AGENT_SILENT_SECONDS": "3600"}
UNLIMITED = {f"RATE_PER_MINUTE_{who}": "0" for who in ("PERSON", "AGENT", "SIGN_IN")}
WORKER = "--include-path-regex=/worker/"
OTHERS = "--exclude-path-regex=/worker/"


class Server(NamedTuple):
    url: str
    log: Path


class Run(NamedTuple):
    """Who calls, how many generated calls of each operation, and which."""

    name: str
    examples: int
    words: tuple[str, ...]


# On SQLite the same code runs, but for the database: there without the walk along every bound of every field.
WHOLE = "--phases=" + ",".join(
    ["examples", "fuzzing", "stateful", *([] if settings.EMBEDDED else ["coverage"])]
)
BRIEF = "--phases=examples,fuzzing"
FEWEST = 300 if settings.EMBEDDED else 2000
# First the agent, as an admin may stop everything; then the others, two at the same time.
AGENT = Run("ada", 3, (WHOLE, WORKER))
RUNS = [
    Run("ada", 2, (WHOLE, OTHERS)),
    Run("rita", 2, (BRIEF, OTHERS)),
    Run("max", 2, (BRIEF, OTHERS)),
    Run("vera", 2, (BRIEF, OTHERS)),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("fuzzing")
    if settings.EMBEDDED and os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.skip("tried in the run on PostgreSQL and Redis, and longer")
    if settings.EMBEDDED:
        yield from on_sqlite(folder)
        return
    if why := missing_services():
        pytest.skip(why)
    yield from on_postgres(folder)


def on_sqlite(folder: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**CALM, **UNLIMITED, "AGENTIC_PASSWORD": PASSWORD}.items():
            patch.setenv(name, value)
        embedded.prepare(folder, **PEOPLE)
        with embedded.running(folder, "serve") as running:
            yield Server(running.url, running.log)


def on_postgres(folder: Path) -> Iterator[Server]:
    """The process that serves plain calls, with nobody beside it."""
    platform = Platform(folder)
    platform.env |= {**CALM, **UNLIMITED}
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {platform.database}")
    try:
        platform.start("redis")
        until(platform.redis_answers, 10, what="redis")
        platform.manage("migrate", "--noinput", "-v", "0")
        for name, role in PEOPLE.items():
            platform.manage("create_user", name, "--role", role)
        platform.start("web")
        until(lambda: platform.answers(platform.web), 40, every=0.2, what="the web process")
        yield Server(platform.web, folder / "web.log")
    finally:
        platform.tear_down()


class Fuzzer:
    """Runs schemathesis against the server, with one agent's key and the tokens of people."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        boss = Caller(server.url, self.token("ada"))
        many = {"max_concurrent_tasks": 1000, "max_decisions_per_hour": 1_000_000}
        agent = boss.said("/admin/agents", name="fuzzer", capabilities=["fuzzer"], **many)
        self.key: str = boss.said(f"/admin/agents/{agent['id']}/keys")["key"]
        worker = Caller(server.url, self.key, name="fuzzer")
        self.pool = folder / "pool.json"
        with closing(boss.http), closing(worker.http):
            self.pool.write_text(json.dumps(Seeds(boss, worker).pool()))

    def token(self, name: str) -> str:
        credentials = {"username": name, "password": PASSWORD}
        answer = httpx.post(f"{self.server.url}/api/v1/auth/token", json=credentials, timeout=30)
        token: str = answer.json()["access_token"]
        return token

    def run(self, run: Run) -> dict[str, Any]:
        """Its report; AssertionError, with all that it found, when it found anything."""
        report = self.folder / f"{run.name}{run.words[-1]}.json".replace("/", "")
        words = ["--max-examples", str(run.examples), "--report", "json", "--report-json-path"]
        command = [
            *(str(BIN / "schemathesis"), "--config-file", str(CONFIG)),
            *(
                "run",
                f"{self.server.url}/api/schema",
                "--no-color",
                *words,
                str(report),
                *run.words,
            ),
        ]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment(run.name),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(report.read_text())
        return found

    def environment(self, name: str) -> dict[str, str]:
        return {
            **os.environ,
            "ACCESS_TOKEN": self.token(name),
            "AGENT_KEY": self.key,
            "FUZZING_POOL": str(self.pool),
            "PYTHONPATH": str(ROOT),
        }


def accepted(reports: list[dict[str, Any]]) -> set[str]:
    """The calls that were carried out at least once."""
    return {
        call
        for report in reports
        for call, phases in report["valid_rates"].items()
        if any(phase["accepted"] for phase in phases.values())
    }


def test_nothing_breaks_and_no_answer_is_unnamed(server: Server, tmp_path: Path) -> None:
    fuzzer = Fuzzer(server, tmp_path)
    reports = [fuzzer.run(AGENT)]
    with ThreadPoolExecutor(2) as pool:
        reports += pool.map(fuzzer.run, RUNS)
    assert sum(report["test_cases"]["generated"] for report in reports) >= FEWEST
    assert all(report["complete"] for report in reports)
    # Most calls got through, and were not only refused.
    assert len(accepted(reports)) >= 40
    lines = server.log.read_text(errors="replace").splitlines()
    assert [line for line in lines if "Traceback" in line or " ERROR " in line] == []
