"""The headers as they arrive: from each server, and through the proxy."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from django.conf import settings

from tests.e2e.embedded import prepare, running
from tests.e2e.processes import ROOT, Platform, free_port, until

ONCE = (
    "Content-Security-Policy",
    "Permissions-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Cache-Control",
)
ADDRESSES = ("/", "/healthz", "/sign-in", "/nothing", "/api/v1/auth/me", "/api/v1/nothing")
POLL = "/api/v1/worker/claim"
NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


def faults(answer: httpx.Response) -> list[str]:
    """What is missing, said twice, or tells too much."""
    wrong = [name for name in ONCE if len(answer.headers.get_list(name)) != 1]
    server = answer.headers.get("server", "")
    if re.search(r"\d", server) or "x-powered-by" in answer.headers:
        wrong.append(f"tells what it is made of: {server}")
    return wrong


def looked_at(base: str) -> dict[str, list[str]]:
    """The faults of each answer that has some; a waiting call's among them."""
    answers = [httpx.get(f"{base}{address}") for address in ADDRESSES]
    answers.append(httpx.post(f"{base}{POLL}", json={}))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 404, 401, 404, 401]
    return {str(answer.url): found for answer in answers if (found := faults(answer))}


@pytest.fixture
def proxy(platform: Platform, tmp_path: Path) -> Iterator[str]:
    """nginx with the configuration that is deployed; only addresses differ."""
    if NGINX is None:
        pytest.skip("there is no nginx")
    port, text = free_port(), (ROOT / "deploy/nginx.conf").read_text()
    for there, here in {
        "listen 8080": f"listen 127.0.0.1:{port}",
        "server web:8000": f"server 127.0.0.1:{platform.web_port}",
        "server live:8001": f"server 127.0.0.1:{platform.live_port}",
        "/tmp/nginx": f"{tmp_path}/nginx",
    }.items():
        assert there in text
        text = text.replace(there, here)
    conf = tmp_path / "nginx.conf"
    conf.write_text(text)
    process = subprocess.Popen([NGINX, "-c", conf, "-g", "daemon off;"])
    base = f"http://127.0.0.1:{port}"
    until(partial(platform.answers, base), 10)
    yield base
    process.terminate()
    process.wait(10)


def test_both_servers_hand_them_on_once(platform: Platform) -> None:
    assert looked_at(platform.web) == {}
    assert looked_at(platform.live) == {}


def test_the_proxy_neither_drops_nor_doubles_them(proxy: str) -> None:
    assert looked_at(proxy) == {}
    too_large = httpx.post(f"{proxy}/api/v1/auth/token", content=b"x" * 1_100_000)
    assert (too_large.status_code, too_large.headers["cache-control"]) == (413, "no-store")
    assert too_large.headers.get_list("content-security-policy") == [
        "default-src 'none'; frame-ancestors 'none'"
    ]


@pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")
def test_one_process_serves_static_files_with_them(tmp_path: Path) -> None:
    prepare(tmp_path)
    with running(tmp_path, "serve") as platform:
        assert looked_at(platform.url) == {}
        sheet = httpx.get(f"{platform.url}/static/agentic/plain.css")
        assert (sheet.status_code, faults(sheet)) == (200, [])
        assert "server" not in sheet.headers
