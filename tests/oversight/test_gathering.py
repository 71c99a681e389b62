"""What pages are told: what concerns them, drawn once for all who see the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentic.models import Event, User
from oversight import feed, figures, gathering
from oversight.gathering import MOST_ROWS
from tests.decisions.floor import Floor
from tests.oversight.gathered import Process, here


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch, db: None) -> Process:
    for module in (feed, figures, gathering):
        monkeypatch.setattr(module, "in_thread", here)
    return Process()


def topics(told: str) -> set[str]:
    (found,) = re.findall(r'data-topics="([^"]*)"', told)
    return set(found.split())


def rows(told: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="event-(\d+)"', told)]


def positions(**matching: Any) -> list[int]:
    return list(
        Event.objects.filter(**matching).order_by("position").values_list("position", flat=True)
    )


def test_what_happened_is_told_newest_first(process: Process, floor: Floor, viewer: User) -> None:
    process.tick()
    place = process.place(viewer)
    task = floor.queue()
    process.tick()
    told = process.told(place)
    assert rows(told) == positions(position__gt=place.position)[::-1]
    assert {"events", "tasks", f"task:{task}"} <= topics(told)


def test_a_page_without_a_list_of_events_gets_no_rows(
    process: Process, floor: Floor, viewer: User
) -> None:
    place = process.place(viewer, has_feed=False)
    floor.queue()
    process.tick()
    assert rows(process.told(place)) == []


def test_a_burst_is_told_as_everything(process: Process, floor: Floor, viewer: User) -> None:
    place = process.place(viewer)
    for _ in range(50):
        floor.queue()
    process.tick()
    told = process.told(place)
    assert topics(told) == {"*"}
    assert rows(told) == positions()[: -MOST_ROWS - 1 : -1]


def test_a_page_that_was_away_for_long_is_told_from_the_store(
    process: Process, floor: Floor, viewer: User
) -> None:
    away = process.place(viewer)
    floor.escalate(floor.queue())
    process = Process()  # it has begun since then
    told = process.told(away)
    assert topics(told) == {"*"}
    shown = [place for place in positions() if place not in positions(event_type="task.escalated")]
    assert rows(told) == shown[: -MOST_ROWS - 1 : -1]


def test_a_page_that_is_ahead_is_told_when_its_time_comes(
    process: Process, floor: Floor, viewer: User
) -> None:
    """Another process drew it, and that had read further."""
    place = process.place(viewer)
    floor.queue()
    ahead = place._replace(position=positions()[-1])
    process.tick()
    assert process.told(ahead) == ""
    floor.queue()
    process.tick()
    assert rows(process.told(ahead)) == positions(position__gt=ahead.position)[::-1]


def test_of_an_escalation_a_viewer_sees_the_state_alone(
    process: Process, floor: Floor, viewer: User, reviewer: User
) -> None:
    task = floor.queue()
    process.tick()
    low, high = process.place(viewer), process.place(reviewer)
    floor.escalate(task)
    process.tick()
    assert topics(process.told(low)) == {"tasks", f"task:{task}"}
    assert rows(process.told(low)) == []
    told = process.told(high)
    assert {"escalations", "events", "tasks", f"task:{task}"} <= topics(told)
    assert rows(told) == positions(event_type="task.escalated")
    assert re.search(r'id="count-escalations"[^>]*data-waiting="1"', told)
    assert "A task needs a person." in told
    for word in ("escalat", "count-", "needs a person"):
        assert word not in process.told(low)


def test_a_burst_of_escalations_is_one_alarm(
    process: Process, floor: Floor, reviewer: User
) -> None:
    tasks = [floor.queue() for _ in range(4)]
    process.tick()
    place = process.place(reviewer)
    alarms = []
    for task in tasks:
        floor.escalate(task)
        process.tick()
        alarms.append(process.gathering.moment.alarm)
    assert "A task needs a person." in alarms[0]
    assert alarms[1:] == ["", "", ""]
    process.gathering.alarm.quiet_until = 0
    process.tick()
    assert "3 tasks need a person." in process.told(place)


@pytest.mark.parametrize("has_feed", [True, False])
def test_a_push_costs_the_same_for_one_page_and_for_fifty(
    process: Process, floor: Floor, viewer: User, reviewer: User, has_feed: bool
) -> None:
    def cost(pages: int) -> tuple[int, int]:
        places = [process.place(who, has_feed=has_feed) for who in (viewer, reviewer)]
        floor.queue()
        with CaptureQueriesContext(connection) as asked:
            process.tick()
            for place in places * pages:
                assert process.told(place)
        return len(asked), len(process.gathering.moment.drawn)

    assert cost(1) == cost(50)


@pytest.mark.django_db
def test_figures_are_looked_up_twice_a_second_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "in_thread", here)
    found, at = figures.Figures(), []

    async def pass_by() -> None:
        for now, changed in ((9.0, True), (9.25, True), (9.5, False), (10.0, False), (10.25, True)):
            await found.keep_fresh(now, changed=changed)
            at.append(found.looked_up_at)

    async_to_sync(pass_by)()
    assert at == [9.0, 9.0, 9.5, 9.5, 10.25]


def test_it_is_said_when_the_store_cannot_be_read(process: Process, viewer: User) -> None:
    process.feed.hub.echoed_at = float("inf")
    process.tick()
    place = process.place(viewer)
    process.feed.reads = False
    process.tick()
    assert 'data-delayed="yes"' in process.told(place)
    process.feed.reads = True
    process.tick()
    assert 'data-delayed="no"' in process.told(place)
