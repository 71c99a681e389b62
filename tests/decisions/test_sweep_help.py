"""A tick that has much to do calls another process for help."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from kombu.exceptions import OperationalError

from decisions import sweep as sweeping
from decisions import tasks
from decisions.models import Task
from decisions.sweep import sweep
from tests.decisions.floor import Floor, let_pass


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "CHUNK", 2)


def overdue(floor: Floor, number: int) -> None:
    for _ in range(number):
        task_id, _ = floor.bring_to("completed")
        let_pass(task_id)


@pytest.mark.parametrize(("number", "calls"), [(1, 0), (2, 1), (5, 1)])
def test_it_calls_once_when_a_whole_chunk_was_due(floor: Floor, number: int, calls: int) -> None:
    overdue(floor, number)
    called: list[bool] = []
    assert sweep(helpers=[lambda: called.append(True)]) == number
    assert len(called) == calls


def test_who_helps_does_what_is_left_and_calls_nobody(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks.help_sweep, "apply_async", lambda **options: pytest.fail("called"))
    overdue(floor, 3)
    tasks.help_sweep()
    assert not Task.objects.filter(state="completed").exists()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="on SQLite nobody could help")
def test_a_message_calls_for_help_and_is_soon_worthless(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr(tasks.help_sweep, "apply_async", lambda **options: sent.append(options))
    overdue(floor, 3)
    tasks.sweep()
    assert [options["expires"] for options in sent] == [settings.SWEEP_INTERVAL_SECONDS]


def test_without_a_broker_it_goes_on_alone(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(**options: Any) -> None:
        raise OperationalError("no Redis")

    monkeypatch.setattr(tasks.help_sweep, "apply_async", refused)
    overdue(floor, 3)
    tasks.sweep()
    assert not Task.objects.filter(state="completed").exists()
