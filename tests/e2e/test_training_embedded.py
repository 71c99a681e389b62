"""The embedded default trains too, in a process beside its own; what a stop interrupts goes on at the next start."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest
from django.conf import settings

from tests.e2e.embedded import Running, manage, prepare, running
from tests.e2e.processes import until

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="tried in the run on SQLite")
LONG = 180  # seconds, for a start and a training on a machine that is busy


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAINERS", "own=tests.mlregistry.own_trainer.train")


def train(data: Path, *words: str) -> str:
    done = manage(data, "train", "numbers", "--trainer", "own", *words, timeout=LONG)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_job_is_carried_out_and_one_that_was_interrupted_goes_on(tmp_path: Path) -> None:
    prepare(tmp_path)
    with running(tmp_path, "serve") as platform:
        assert "Made numbers" in train(tmp_path, "--wait")
        said = train(tmp_path, "--config", '{"steps": 40, "seconds": 0.25}')
        until(lambda: "run_training_job" in trainers(platform), LONG, every=0.2)
        assert platform.stop() == 0
        assert trainers(platform) == ""
    with running(tmp_path, "serve"):
        (job_id,) = re.findall(r"[0-9a-f-]{36}", said)
        until(lambda: ended(tmp_path, job_id), LONG, every=1)
    assert manage(tmp_path, "verify_events", timeout=LONG).returncode == 0


def trainers(platform: Running) -> str:
    """The command lines of processes that train on this data."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = file.read_text().replace("\0", " ")
            if (
                "run_training_job" in words
                and str(platform.data) in (file.parent / "environ").read_text()
            ):
                found.append(words)
        except OSError:
            continue
    return "\n".join(found)


def ended(data: Path, job_id: str) -> bool:
    """To carry out what has ended is refused; and what somebody else is at, too: so it is asked of the row."""
    with closing(sqlite3.connect(data / "agentic.sqlite3")) as connection:
        asked = "SELECT status FROM training_jobs WHERE id = ?"
        (status,) = connection.execute(asked, [UUID(job_id).hex]).fetchone()
    return str(status) == "completed"
