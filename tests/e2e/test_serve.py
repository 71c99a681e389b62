"""`manage.py serve`: the whole platform in one process."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from agentic.embedded import PortTaken, listen
from tests.e2e.embedded import manage, running

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


def test_it_holds_its_data_and_answers_who_waits_when_it_stops(tmp_path: Path) -> None:
    with running(tmp_path, "run", "--no-agents") as platform:
        same_data = manage(tmp_path, "serve", "--port", "0")
        key = json.loads((tmp_path / "demo.json").read_text())["keys"]["steady"]
        answers: list[httpx.Response] = []
        waiting = threading.Thread(target=lambda: answers.append(claim(platform.url, key)))
        waiting.start()
        time.sleep(1)

        began = time.monotonic()
        assert platform.stop(signal.SIGTERM) == 0
        assert time.monotonic() - began < 8  # 3 s on a machine with nothing else to do
        waiting.join(5)

    assert answers[0].json() == {"tasks": []}
    assert same_data.returncode == 1
    assert f"A server uses this data already: {platform.url}" in same_data.stderr


def test_it_names_a_port_that_is_taken() -> None:
    with listen("127.0.0.1", 0) as taken, pytest.raises(PortTaken, match="address already in use"):
        listen("127.0.0.1", taken.getsockname()[1])


def claim(url: str, key: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(
        f"{url}/api/v1/worker/claim", json={"wait_seconds": 30}, headers=headers, timeout=40
    )
