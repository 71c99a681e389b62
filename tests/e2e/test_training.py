"""Training by workers of their own, as in earnest: killed, stopped, forgotten, called off; each job ends once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.callers import Caller
from tests.e2e.processes import Platform, until

JOBS = "/admin/training-jobs"
# To start a trainer and its process, on a machine that is busy.
START = 60


@pytest.fixture
def trainer(platform: Platform) -> Iterator[None]:
    platform.start("trainer")
    yield
    platform.kill("trainer")


@pytest.fixture(autouse=True)
def all_is_told(platform: Platform) -> Iterator[None]:
    yield
    platform.manage("verify_events")


def ask(boss: Caller, *, seed: int = 0, **config: Any) -> str:
    said = {"model_name": "numbers", "trainer": "own", "config": config, "seed": seed}
    job_id: str = boss.said(JOBS, **said)["job_id"]
    return job_id


def job_of(boss: Caller, job_id: str) -> Any:
    return boss.get(f"{JOBS}/{job_id}")


def until_ended(boss: Caller, job_id: str, seconds: float = START) -> Any:
    def ended() -> Any:
        job = job_of(boss, job_id)
        return job if job["finished_at"] else None

    return until(ended, seconds, every=0.2, what=f"the end of {job_id}")


def until_it_moves(boss: Caller, job_id: str) -> None:
    until(lambda: job_of(boss, job_id)["progress"] > 0, START, every=0.1, what="progress")


def test_a_job_whose_worker_is_killed_is_taken_up_and_ends_once(
    platform: Platform, trainer: None, boss: Caller
) -> None:
    job_id = ask(boss, steps=30, seconds=0.1)
    until_it_moves(boss, job_id)
    platform.kill("trainer")
    assert job_of(boss, job_id)["status"] == "running"
    platform.start("trainer")
    job = until_ended(boss, job_id)
    assert (job["status"], job["taken_count"], len(job["models"])) == ("completed", 2, 1)
    assert kinds(boss, job_id) == ["requested", "started", "taken_up", "completed"]


def test_a_worker_that_stops_in_order_gives_its_job_to_another(
    platform: Platform, trainer: None, boss: Caller
) -> None:
    """Also when the trainer says nothing at that moment."""
    job_id = ask(boss, steps=2, seconds=0.5, silent=4)
    until_it_moves(boss, job_id)
    process = platform.running["trainer"]
    process.send_signal(signal.SIGTERM)
    process.wait(20)
    assert job_of(boss, job_id)["taken_count"] == 0
    platform.start("trainer")
    job = until_ended(boss, job_id)
    assert (job["status"], job["taken_count"], len(job["models"])) == ("completed", 1, 1)


def test_what_is_called_off_in_the_middle_stops(
    platform: Platform, trainer: None, boss: Caller
) -> None:
    job_id = ask(boss, steps=600, seconds=0.1)
    until_it_moves(boss, job_id)
    answer = boss.said(f"{JOBS}/{job_id}/cancel", reason="the wrong examples")
    assert answer["status"] == "running"
    job = until_ended(boss, job_id, 10)
    assert (job["status"], job["models"]) == ("cancelled", [])


def test_a_trainer_that_fails_says_why(platform: Platform, trainer: None, boss: Caller) -> None:
    wanted = "there are 3 examples, and it takes 100"
    job = until_ended(boss, ask(boss, fails=wanted))
    assert (job["status"], job["error"]) == ("failed", wanted)
    broken = until_ended(boss, ask(boss, breaks="no such column"))
    assert broken["error"] == "ValueError: no such column"
    assert "Traceback" in (platform.folder / "trainer.log").read_text()


def test_a_job_whose_message_is_lost_is_carried_out(platform: Platform, boss: Caller) -> None:
    """And nobody but a trainer carries it out, however long it waits."""
    job_id = ask(boss)
    with platform.redis() as broker:
        broker.delete("training")
    until(lambda: sent_again(platform), 20, every=0.2, what="a message that is sent once more")
    assert job_of(boss, job_id)["status"] == "pending"
    platform.start("trainer")
    try:
        assert until_ended(boss, job_id)["status"] == "completed"
    finally:
        platform.kill("trainer")


def sent_again(platform: Platform) -> bool:
    with platform.redis() as broker:
        return bool(broker.llen("training"))


def test_two_workers_share_jobs_and_carry_out_each_once(
    platform: Platform, trainer: None, boss: Caller
) -> None:
    platform.start("trainer-two")
    try:
        jobs = [ask(boss, seed=number, steps=5, seconds=0.2) for number in range(4)]
        ended = [until_ended(boss, job_id, 2 * START) for job_id in jobs]
    finally:
        platform.kill("trainer-two")
    assert [(job["status"], job["taken_count"], len(job["models"])) for job in ended] == [
        ("completed", 1, 1)
    ] * 4


def kinds(boss: Caller, job_id: str) -> list[str]:
    events = boss.get("/decisions/events", entity_type="training_job", entity_id=job_id, limit=500)
    told = [event["event_type"].removeprefix("training.") for event in events["events"]]
    return [kind for kind in told if kind != "progressed"]
