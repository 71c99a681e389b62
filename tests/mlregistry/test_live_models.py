"""The version that is live, in the memory of a process: followed within seconds, and never in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from agentic.actors import Actor
from agentic.models import Event, User
from mlregistry import artifacts, live_models
from mlregistry.health import models as health
from mlregistry.live_models import LIVE_MODELS, LiveModel
from mlregistry.models import RegisteredModel
from mlregistry.services.activation import roll_back_model
from tests.mlregistry.shelf import let_live, trained

SECONDS = 5.0


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOT = tmp_path / "models"


@pytest.fixture
def model() -> Iterator[LiveModel[Any]]:
    """Looks whenever it is asked."""
    found: LiveModel[Any] = LiveModel("review_risk", json.loads)
    yield found
    LIVE_MODELS.remove(found)


def threshold(model: LiveModel[Any]) -> Any:
    model.looked_at = min(model.looked_at, time.monotonic() - live_models.LOOK_SECONDS)
    loaded = model.get()
    return loaded.model["threshold"] if loaded else None


def version(operator: Actor, value: float) -> RegisteredModel:
    return trained(operator, content=json.dumps({"threshold": value}).encode())


def altered(model: RegisteredModel) -> None:
    place = artifacts.place_of(model.sha256)
    content = bytearray(place.read_bytes())
    content[-2] ^= 1
    place.chmod(0o600)
    place.write_bytes(content)


def unusable() -> list[dict[str, Any]]:
    events = Event.objects.filter(event_type="model.unusable")
    return [event.data for event in events]


def test_without_a_live_version_it_says_so(db: None, model: LiveModel[Any]) -> None:
    assert (model.get(), model.missing, model.is_broken) == (None, "no version is live", False)


def test_it_follows_what_is_live(
    operator: Actor, admin: User, manager: User, model: LiveModel[Any]
) -> None:
    first, second = version(operator, 0.25), version(operator, 0.75)
    let_live(first, manager, admin)
    assert threshold(model) == 0.25
    let_live(second, manager, admin)
    assert threshold(model) == 0.75
    roll_back_model(actor=operator, model_id=second.pk)
    assert threshold(model) == 0.25
    loaded = model.get()
    assert loaded
    assert loaded.version == first.version


def test_it_asks_the_database_once_in_two_seconds(
    operator: Actor, admin: User, manager: User, model: LiveModel[Any]
) -> None:
    let_live(version(operator, 0.25), manager, admin)
    with CaptureQueriesContext(connection) as queries:
        for _ in range(1000):
            model.get()
    assert len(queries) == 1


def test_it_asks_nothing_in_a_transaction_that_is_lost(db: None, model: LiveModel[Any]) -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        assert model.get() is None
        transaction.set_rollback(False)


def test_one_byte_that_changed_is_refused_and_told(
    operator: Actor,
    admin: User,
    manager: User,
    model: LiveModel[Any],
    django_capture_on_commit_callbacks: Any,
) -> None:
    row = version(operator, 0.25)
    let_live(row, manager, admin)
    altered(row)
    with django_capture_on_commit_callbacks(execute=True):
        assert threshold(model) is None
    with django_capture_on_commit_callbacks(execute=True):
        assert threshold(model) is None
    assert "was changed" in model.missing
    (told,) = unusable()
    assert (told["version"], "was changed" in told["reason"]) == (row.version, True)
    found = health()
    assert (found.ok, "was changed" in found.detail) == (False, True)


def test_a_file_that_was_put_back_is_used_again(
    operator: Actor,
    admin: User,
    manager: User,
    model: LiveModel[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = version(operator, 0.25)
    let_live(row, manager, admin)
    altered(row)
    assert threshold(model) is None
    artifacts.store(b'{"threshold": 0.25}')
    assert threshold(model) is None  # not tried at every look
    monkeypatch.setattr(live_models, "RETRY_SECONDS", 0.0)
    assert threshold(model) == 0.25


def test_what_people_brought_is_not_loaded(
    operator: Actor, admin: User, manager: User, model: LiveModel[Any]
) -> None:
    row = version(operator, 0.25)
    let_live(row, manager, admin)
    RegisteredModel.objects.filter(pk=row.pk).update(training_job=None)
    assert threshold(model) is None
    assert "no training job" in model.missing


def test_a_loader_that_fails_is_no_failure_of_the_decision(
    operator: Actor, admin: User, manager: User, model: LiveModel[Any]
) -> None:
    def load(content: bytes) -> Any:
        raise ValueError("no threshold in it")

    model.load = load
    let_live(version(operator, 0.25), manager, admin)
    assert threshold(model) is None
    assert "unusable" in model.missing


def test_the_old_version_stays_until_the_new_one_is_loaded(
    operator: Actor, admin: User, manager: User, model: LiveModel[Any]
) -> None:
    go_on = threading.Event()

    def load(content: bytes) -> Any:
        found = json.loads(content)
        if found["threshold"] == 0.75:
            go_on.wait(20)
        return found

    model.load = load
    let_live(version(operator, 0.25), manager, admin)
    assert threshold(model) == 0.25
    let_live(version(operator, 0.75), manager, admin)
    began = time.monotonic()
    assert threshold(model) == 0.25
    assert time.monotonic() - began < 10
    go_on.set()
    deadline = time.monotonic() + SECONDS
    while threshold(model) != 0.75:
        assert time.monotonic() < deadline
        time.sleep(0.05)


class Following:
    """Another process, on the same database and files."""

    def __init__(self, root: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.mlregistry.following"],
            env=os.environ | {"DATABASE_URL": address(), "MODEL_ROOT": str(root), **SECRETS},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.reading = threading.Thread(target=self.read, daemon=True)
        self.reading.start()

    def read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def says(self, text: str, within: float) -> None:
        deadline = time.monotonic() + within
        while not (self.lines and text in self.lines[-1]):
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.05)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(10)
        self.reading.join(10)
        assert self.process.stdout
        self.process.stdout.close()


SECRETS = {
    "DJANGO_SETTINGS_MODULE": "agentic.settings", "SECRET_KEY": "s" * 40, "JWT_SECRET_KEY": "j" * 40,
    "BEHIND_TLS": "false",
}  # fmt: skip


def address() -> str:
    said = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite://{said['NAME']}"
    return f"postgresql://{said['USER']}@{said['HOST']}:{said['PORT'] or 5432}/{said['NAME']}"


@pytest.fixture
def others(settings: Any) -> Iterator[list[Following]]:
    found = [Following(settings.MODEL_ROOT) for _ in range(2)]
    yield found
    for one in found:
        one.stop()


@pytest.mark.django_db(transaction=True)
def test_what_goes_live_here_decides_in_other_processes_within_five_seconds(
    operator: Actor, admin: User, manager: User, others: list[Following]
) -> None:
    for one in others:
        one.says("no version is live", within=60)
    first, second = version(operator, 0.25), version(operator, 0.75)
    for row, said in ((first, "0.25"), (second, "0.75")):
        let_live(row, manager, admin)
        for one in others:
            one.says(said, within=SECONDS)
    roll_back_model(actor=operator, model_id=second.pk)
    for one in others:
        one.says("0.25", within=SECONDS)
    broken = version(operator, 0.5)
    let_live(broken, manager, admin)
    for one in others:
        one.says("0.5", within=SECONDS)
