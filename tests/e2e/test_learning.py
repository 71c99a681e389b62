"""From verdicts to decisions by a model, as people meet it: trained by a worker, agreed on by two at their browsers, in
use in every process within seconds, refused when its file was changed, rolled back.

The tests are one story, in this order, on a platform of their own: what is live here decides for everybody.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from tests.e2e.browsing import Visit, visitors
from tests.e2e.callers import Caller, signed_in
from tests.e2e.conftest import missing_services
from tests.e2e.processes import ROOT, Platform, platform_in, until

SOON, LONG = 8_000, 120_000  # milliseconds, on a machine that is busy
WITHIN = 5.0  # seconds, from what is live to decisions by it
MENDED = 45.0  # a file that was unusable is tried again every 30 s
NAME = "review_risk"
RULES: dict[str, Any] = {
    "threshold": 0.5, "task_types": {}, "priorities": {}, "sample_share": 0.05, "review_seconds": 3600,
    "budget": "share", "budget_value": 0.3, "note": "people can look at three in ten",
}  # fmt: skip


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    if settings.EMBEDDED:
        pytest.skip("tried in the run on PostgreSQL and Redis")
    if why := missing_services():
        pytest.skip(why)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEARN_EVERY_VERDICTS", "0")  # trained when people say so
        with platform_in(tmp_path_factory.mktemp("learning")) as running:
            running.start("trainer")
            yield running


@pytest.fixture(scope="module")
def ada(platform: Platform) -> Iterator[Caller]:
    caller = signed_in(platform.web, "ada")
    yield caller
    caller.http.close()


@pytest.fixture(scope="module")
def judged(platform: Platform, ada: Caller) -> None:
    ada.said("/admin/agents", name="before")
    command = [sys.executable, "-m", "tests.e2e.judged_before", "700"]
    done = subprocess.run(
        command, cwd=ROOT, env=platform.env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture
def visit(platform: Platform, browser: Browser) -> Iterator[Visit]:
    """At the process of the sockets, which serves pages too."""
    with visitors(browser, platform.live) as by_name:
        yield by_name


Decided = Callable[..., Any]


@pytest.fixture(scope="module")
def decided(platform: Platform, ada: Caller) -> Iterator[Decided]:
    """`decided(base)`: what the policy made of a new result that was handed in there."""
    name = f"agent-{uuid4().hex[:8]}"
    row = ada.said("/admin/agents", name=name, capabilities=[name], max_concurrent_tasks=50)
    key = ada.said(f"/admin/agents/{row['id']}/keys")["key"]
    agents = {base: Caller(base, key) for base in (platform.web, platform.live)}

    def decide(base: str, confidence: float = 0.35) -> Any:
        task = ada.said("/decisions/task", title="Refund it?", required_capabilities=[name])
        agent = agents[base]
        (held,) = agent.said("/worker/claim", wait_seconds=10)["tasks"]
        held_by = {"lease_token": held["lease_token"]}
        agent.said(f"/worker/tasks/{task['id']}/ack", start=True, **held_by)
        result = {"refund": True}
        agent.said(
            f"/worker/tasks/{task['id']}/complete", result=result, confidence=confidence, **held_by
        )
        columns = "id, route, reason, model_version, predicted_risk, risk_reasons"
        (found,) = platform.rows(f"SELECT {columns} FROM decisions WHERE task_id = %s", task["id"])
        return dict(zip(columns.split(", "), found, strict=True))

    yield decide
    for agent in agents.values():
        agent.http.close()


def everywhere(platform: Platform, decided: Decided, version: str, seconds: float = WITHIN) -> None:
    """Decisions at either server are by this version from now on."""
    until(lambda: set(used(platform, decided)) == {version}, seconds, every=0.1)
    assert set(used(platform, decided, times=3)) == {version}


def used(platform: Platform, decided: Decided, times: int = 1) -> list[str]:
    """By both servers, which are three processes."""
    return [decided(base)["model_version"] for base in [platform.web, platform.live] * times]


def live(ada: Caller, **query: Any) -> list[str]:
    found = ada.get("/admin/models/live", name=NAME, **query)["models"]
    return [one["version"] for one in found]


def train_at(page: Page, seed: int) -> str:
    """The version that a training made, which was asked for and watched on the pages; its card is open then."""
    jobs = page.locator("#training-jobs tbody tr")
    before = jobs.count()
    page.evaluate("window.sameAsBefore = true")
    page.click("summary:has-text('Train a model')")
    page.fill("[name=model_name]", NAME)
    page.fill("[name=seed]", str(seed))
    page.click("button:has-text('Train it')")
    expect(jobs).to_have_count(before + 1, timeout=SOON)
    expect(jobs.first.locator(".badge")).to_have_text("completed", timeout=LONG)
    expect(jobs.first.locator("progress")).to_have_attribute("value", "100")
    assert page.evaluate("window.sameAsBefore"), "the page was loaded anew"
    jobs.first.locator("a").click()
    made = page.locator("#training-job a[href*='/model-versions/']")
    version = made.inner_text()
    made.click()
    page.wait_for_url("**/model-versions/*")
    return version


def ask_for_it(page: Page) -> None:
    """From the card of a version to a request that waits."""
    expect(page.locator("main")).to_contain_text("What it has to show before it goes live")
    page.click("summary:has-text('Ask for it to go live')")
    page.fill("form[action$='/activate'] [name=reason]", "it ranks better")
    page.click("button:text-is('Ask')")
    expect(page.locator("main")).to_contain_text("waits for a second person", timeout=SOON)


def approve(page: Page) -> None:
    page.click("summary:has-text('Approve')")
    page.fill("[id^=reason-approve]", "agreed")
    page.click("button:text-is('Approve')")


@pytest.fixture(scope="module")
def versions() -> list[str]:
    """What was trained, in order."""
    return []


def test_a_manager_trains_it_and_sees_it_move_and_two_people_let_it_go_live(
    platform: Platform,
    judged: None,
    visit: Visit,
    ada: Caller,
    decided: Decided,
    versions: list[str],
) -> None:
    before = decided(platform.web)
    assert (before["model_version"], before["predicted_risk"]) == ("", None)
    max_ = visit("max", "/training-jobs")
    versions.append(train_at(max_, seed=1))
    ask_for_it(max_)
    assert live(ada) == []
    page = visit("ada", "/dashboard")
    page.click(f"a:has-text('{NAME} {versions[0]}')")  # seen by those who can agree
    approve(page)
    expect(page.locator("main")).to_contain_text("approved by ada", timeout=SOON)
    everywhere(platform, decided, versions[0])
    assert live(ada) == versions


def test_the_review_desk_shows_the_risk_its_reasons_and_the_version(
    platform: Platform, visit: Visit, decided: Decided, versions: list[str]
) -> None:
    row = decided(platform.web)
    assert 0 < row["predicted_risk"] < 1
    assert len(row["risk_reasons"]) == 3
    page = visit("rita", f"/reviews/{row['id']}")
    shown = page.locator(".sure")
    expect(shown).to_contain_text(f"by version {versions[0]}")
    for reason in row["risk_reasons"]:
        expect(shown).to_contain_text(reason["says"])


def test_a_draft_with_a_budget_is_simulated_and_published_by_a_second_person(
    platform: Platform, ada: Caller, decided: Decided, visit: Visit
) -> None:
    manager = signed_in(platform.web, "max")
    draft = manager.said("/admin/policy-drafts", **RULES)
    draft = manager.said(f"/admin/policy-drafts/{draft['id']}/simulate")
    assert draft["simulation"]["problem"] == ""
    manager.http.close()
    page = visit("ada", "/dashboard")
    page.click(f"a:has-text('{RULES['note']}')")
    page.wait_for_url(f"**/{draft['id']}")
    seen = {"simulated_at": draft["simulated_at"]}
    ada.said(f"/admin/policy-drafts/{draft['id']}/publish", **seen)

    def by_risk() -> bool:
        return "risk" in decided(platform.live)["reason"]

    until(by_risk, WITHIN, every=0.2)
    risky, safe = decided(platform.web, 0.35), decided(platform.web, 0.98)
    assert (risky["route"], "reaches" in risky["reason"]) == ("person", True)
    assert "is below" in safe["reason"]


def test_another_version_decides_in_all_processes_within_seconds_and_so_does_the_one_before_it(
    platform: Platform, visit: Visit, ada: Caller, decided: Decided, versions: list[str]
) -> None:
    first_was_live = datetime.now(UTC)
    page = visit("max", "/training-jobs")
    versions.append(train_at(page, seed=2))
    ask_for_it(page)
    page = visit("ada", f"/models/{NAME}")
    approve(page)
    expect(page.locator("main")).to_contain_text(f"live {versions[1]}", timeout=SOON)
    everywhere(platform, decided, versions[1])
    second_was_live = datetime.now(UTC)
    page.click("summary:has-text('Roll back to')")
    page.fill("#reason-back", "it asks about too much")
    page.click("button:text-is('Roll back')")
    expect(page.locator("main")).to_contain_text("It came back by a roll-back", timeout=SOON)
    everywhere(platform, decided, versions[0])
    assert live(ada, at=first_was_live.isoformat()) == [versions[0]]
    assert live(ada, at=second_was_live.isoformat()) == [versions[1]]
    assert live(ada) == [versions[0]]


def file_of(platform: Platform) -> Path:
    sha256: str = platform.value("SELECT sha256 FROM models WHERE name = %s AND is_active", NAME)
    return platform.folder / "models" / "sha256" / sha256[:2] / sha256


def change(place: Path) -> None:
    """One byte of it."""
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    put(place, bytes(content))


def put(place: Path, content: bytes) -> None:
    place.chmod(0o600)
    place.write_bytes(content)


def test_a_file_that_was_changed_is_refused_and_the_thresholds_rule_and_all_of_it_is_seen(
    platform: Platform, visit: Visit, ada: Caller, decided: Decided, versions: list[str]
) -> None:
    """As a process finds it that begins now; those that run have what they loaded."""
    place = file_of(platform)
    whole = place.read_bytes()
    change(place)
    platform.kill("live")
    platform.start("live")
    until(lambda: platform.answers(platform.live), 40, every=0.2)
    row = decided(platform.live)
    assert f"by thresholds, as version {versions[0]} is unusable" in row["reason"]
    assert (row["model_version"], row["predicted_risk"]) == ("", None)
    said = httpx.get(f"{platform.live}/readyz", timeout=10).json()["checks"]["models"]
    assert (said["ok"], "was changed" in said["detail"]) == (False, True)
    page = visit("max", f"/models/{NAME}")
    page.click(f"a:has-text('{versions[0]}') >> nth=0")
    expect(page.locator("main")).to_contain_text("Its file is unusable: the file was changed")
    expect(page.locator("main")).to_contain_text(
        "processes that start from now on go by the thresholds of the policy"
    )
    put(place, whole)
    everywhere(platform, decided, versions[0], MENDED)
    events = ada.get("/decisions/events", entity_type="model", limit=500)["events"]
    told = [event["data"] for event in events if event["event_type"] == "model.unusable"]
    assert "was changed" in told[0]["reason"]


def test_a_training_that_fails_says_why_on_its_page(
    platform: Platform, visit: Visit, ada: Caller
) -> None:
    job = ada.said("/admin/training-jobs", model_name=NAME, config={"strength": -1})["job_id"]
    page = visit("max", f"/training-jobs/{job}")
    expect(page.locator("#training-job")).to_contain_text("strength is a number", timeout=LONG)


def test_calibration_is_trained_by_the_same_worker(platform: Platform, ada: Caller) -> None:
    job = ada.said("/admin/training-jobs", model_name="calibration")["job_id"]

    def ended() -> Any:
        found = ada.get(f"/admin/training-jobs/{job}")
        return found if found["finished_at"] else None

    found = until(ended, LONG / 1000, every=0.2)
    assert (found["status"], len(found["models"])) == ("completed", 1), found["error"]
    assert {name: platform.errors(name) for name in ("web", "live", "trainer")} == {
        "web": [],
        "live": [],
        "trainer": [],
    }
