"""Every page, full of hostile text: no fault for those who hear it read or use keys, nothing refused, and small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page

from tests.e2e.browsing import Visit, chromium, visitors
from tests.e2e.conftest import Caller
from tests.e2e.embedded import Running, manage, running
from tests.e2e.processes import PASSWORD

AXE = Path(__file__).parents[1] / "vendor" / "axe-4.14.1.min.js"
# Violations that keep people out; on the same terms as WCAG 2.2, AA.
RUN_AXE = "async () => (await axe.run(document)).violations.filter(v => ['serious', 'critical'].includes(v.impact))"
HOSTILE = """<img src=x onerror="document.body.id='ran'"><script>document.body.id='ran'</script> &amp; {{ 7 }} ' " `"""
MOST_BYTES = 150_000
PAGES = (
    "/dashboard", "/reviews", "/escalations", "/tasks", "/tasks/{task}", "/tasks/{task}/receipt", "/agents",
    "/agents/{agent}", "/models", "/models/{model}", "/training-jobs", "/events", "/audits", "/notifications",
)  # fmt: skip

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")


class Full(NamedTuple):
    """A platform with two hundred tasks behind it, and what is hostile in front."""

    served: Running
    names: dict[str, str]


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Full]:
    data = tmp_path_factory.mktemp("full")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTIC_PASSWORD", PASSWORD)
        assert manage(data, "migrate", "-v", "0").returncode == 0
        assert manage(data, "create_user", "ada", "--role", "admin").returncode == 0
        seeded = manage(data, "seed", "--tasks", "200")
        assert seeded.returncode == 0, seeded.stderr
    with running(data, "serve") as served:
        yield Full(served, hostile(served))


def hostile(served: Running) -> dict[str, str]:
    """In every field that people, programs and agents may fill; the ids of what has them."""
    said = {"username": "ada", "password": PASSWORD}
    with httpx.Client(base_url=f"{served.url}/api/v1") as http:
        boss = Caller(served.url, http.post("/auth/token", json=said).json()["access_token"])
    agent = boss.said("/admin/agents", name=HOSTILE, capabilities=["odd"], config={"a": HOSTILE})
    key = boss.said(f"/admin/agents/{agent['id']}/keys")["key"]
    worker = Caller(served.url, key)
    worker.said("/worker/register", framework=HOSTILE[:100])
    texts: dict[str, Any] = {
        "title": HOSTILE,
        "description": HOSTILE,
        "payload": {HOSTILE: HOSTILE},
    }
    for _ in range(2):
        boss.said("/decisions/task", **texts, required_capabilities=["odd"])
    tasks = worker.said("/worker/claim", max_tasks=1, wait_seconds=0)["tasks"]
    tasks += worker.said("/worker/claim", max_tasks=1, wait_seconds=0)["tasks"]
    proposed, escalated = tasks
    for task in tasks:
        at = f"/worker/tasks/{task['id']}"
        worker.said(f"{at}/ack", start=True, lease_token=task["lease_token"])
    done = {"result": {HOSTILE: [HOSTILE]}, "rationale": HOSTILE, "evidence": {"e": HOSTILE}}
    token = {"lease_token": proposed["lease_token"]}
    worker.said(f"/worker/tasks/{proposed['id']}/complete", confidence=0.1, **done, **token)
    boss.said(f"/decisions/task/{escalated['id']}/escalate", reason=HOSTILE)
    version = {"version": "1", "metrics": {"auc": 0.9}, "artifact_path": "odd"}
    boss.said("/admin/models", name="odd <b>name</b>", agent_id=agent["id"], **version)
    boss.said("/admin/training-jobs", model_name="odd", agent_id=agent["id"], config={"a": HOSTILE})
    for caller in (boss, worker):
        caller.http.close()
    return {"task": proposed["id"], "agent": agent["id"], "model": "odd <b>name</b>"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def visit(full: Full, browser: Browser) -> Iterator[Visit]:
    with visitors(browser, full.served.url) as by_name:
        yield by_name


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request: Any, visit: Visit) -> Page:
    return visit(
        "ada", color_scheme=request.param, bypass_csp=True
    )  # for axe, and for nothing else


@pytest.fixture(scope="module")
def as_served(visit: Visit) -> Page:
    """Under our own content security policy."""
    return visit("ada")


def address(full: Full, path: str) -> str:
    return full.served.url + path.format(**full.names)


@pytest.mark.parametrize("path", PAGES)
def test_it_has_no_serious_fault_for_anybody(full: Full, page: Page, path: str) -> None:
    answer = page.goto(address(full, path))
    assert answer is not None
    assert answer.status == 200
    page.add_script_tag(path=str(AXE))
    assert [(v["id"], v["nodes"][0]["html"][:200]) for v in page.evaluate(RUN_AXE)] == []


@pytest.mark.parametrize("path", PAGES)
def test_it_runs_nothing_that_somebody_wrote_and_is_small(
    full: Full, as_served: Page, path: str
) -> None:
    received: list[float] = []
    tools = as_served.context.new_cdp_session(as_served)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    tools.on("Network.loadingFinished", lambda said: received.append(said["encodedDataLength"]))
    as_served.goto(address(full, path), wait_until="networkidle")
    assert as_served.locator("body#ran").count() == 0
    assert as_served.locator("img[src=x]").count() == 0
    tools.detach()
    assert 1_000 < sum(received) <= MOST_BYTES


@pytest.mark.parametrize("path", PAGES)
def test_it_fits_every_screen(full: Full, as_served: Page, path: str) -> None:
    as_served.goto(address(full, path))
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for width in (1920, 1280, 375):
        as_served.set_viewport_size({"width": width, "height": 900})
        assert as_served.evaluate(wide) <= 0, width
