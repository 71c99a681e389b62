"""What happened in a time, read at a cost that does not grow with it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentic.ids import new_id
from agentic.models import Event
from agentic.vocabulary import EventType
from oversight.selectors import sample as sampling
from oversight.selectors.sample import sample, spread, step_for

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
LIFE = (
    EventType.TASK_CREATED,
    EventType.TASK_ASSIGNED,
    EventType.TASK_ACKED,
    EventType.TASK_STARTED,
    EventType.TASK_COMPLETED,
    EventType.TASK_VERIFIED,
)


def tell(number: int, *, apart: timedelta = timedelta(seconds=1)) -> int:
    """The lives of so many tasks, an event after the other from noon on; the last position."""
    rows = []
    for place in range(number):
        task_id = new_id()
        for version, kind in enumerate(LIFE, 1):
            at = NOON + apart * (place * len(LIFE) + version - 1)
            story: dict[str, Any] = {"actor_kind": "system", "actor_label": "", "source": "beat"}
            rows.append(
                Event(
                    entity_type="task",
                    entity_id=task_id,
                    version=version,
                    event_type=kind,
                    created_at=at,
                    **story,
                )
            )
    Event.objects.bulk_create(rows)
    return Event.objects.latest("position").position


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a test needs no millions to have too many."""
    monkeypatch.setattr(sampling, "MOST", 64)
    monkeypatch.setattr(sampling, "GRID", 8)


@pytest.mark.django_db
def test_it_reads_all_of_a_few() -> None:
    last = tell(10)
    found = sample(LIFE[:1], since=NOON, position=last)
    assert (found.step, len(found.rows)) == (1, 10)


@pytest.mark.django_db
def test_it_leaves_out_what_was_before() -> None:
    last = tell(10)
    found = sample(LIFE, since=NOON + timedelta(seconds=30), position=last)
    assert len(found.rows) == 30


@pytest.mark.django_db
def test_it_reads_the_rest_when_the_first_are_long_ago(few: None) -> None:
    last = tell(100)
    found = sample(LIFE, since=NOON + timedelta(seconds=570), position=last)
    assert (found.step, len(found.rows)) == (1, 30)


@pytest.mark.django_db
def test_it_reads_some_of_many_and_says_how_many_each_stands_for(few: None) -> None:
    last = tell(100)
    found = sample(LIFE, since=NOON, position=last)
    assert found.step == 16
    assert found.read <= 64
    assert len(found.rows) * found.step == pytest.approx(600, abs=2 * found.step)


@pytest.mark.django_db
def test_it_asks_as_often_for_many_as_for_more(few: None) -> None:
    asked = []
    for _ in range(2):
        last = tell(100)
        with CaptureQueriesContext(connection) as queries:
            sample(LIFE, since=NOON, position=last)
        asked.append(len(queries))
    assert asked == [3, 3]


@pytest.mark.parametrize(
    ("number", "step"), [(0, 1), (8192, 1), (8193, 2), (16384, 2), (16385, 4), (6_000_000, 1024)]
)
def test_the_step_is_the_smallest_that_is_enough(number: int, step: int) -> None:
    assert step_for(number) == step


def test_one_of_each_group_is_read() -> None:
    positions = list(spread(0, 64 * 1000, 64))
    groups = [position // 64 for position in positions]
    assert groups == sorted(set(groups))
    assert len(positions) >= 999


def test_a_later_look_reads_the_same_ones_again() -> None:
    before, after = set(spread(100, 50_000, 32)), set(spread(900, 60_000, 32))
    assert {place for place in before if place > 900} == {
        place for place in after if place <= 50_000
    }


@pytest.mark.parametrize("step", [2, 4, 64, 256, 1024])
def test_it_does_not_run_along_with_a_pattern(step: int) -> None:
    """Six events for each task, in order: a plain step of 6 would see one kind alone."""
    positions = list(spread(0, step * 6000, step))
    kinds = Counter(position % 6 for position in positions)
    assert all(kinds[kind] / len(positions) == pytest.approx(1 / 6, rel=0.05) for kind in range(6))
