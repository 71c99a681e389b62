"""What pages are told: what concerns them, drawn once for all who see the same."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Any

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import InterfaceError, OperationalError, connection
from django.test.utils import CaptureQueriesContext

from agentic.models import Event, User
from oversight import feed, figures, gathering
from oversight.gathering import MOST_ROWS, Place
from oversight.selectors import alarms
from tests.decisions.floor import Floor
from tests.oversight.gathered import Process, here


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch, db: None) -> Process:
    for module in (feed, figures, gathering):
        monkeypatch.setattr(module, "in_thread", here)
    return Process()


NEEDS = re.compile("(A task needs|tasks need) a person")


def raising(error: type[Exception]) -> Any:
    def fails(*args: Any, **kwargs: Any) -> Any:
        raise error

    return fails


async def until(so: Callable[[], bool]) -> None:
    for _ in range(500):
        if so():
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


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
    told = []
    for task in tasks:
        floor.escalate(task)
        process.tick()
        told.append(process.told(place))
        place = place.after(process.gathering.moment)
    assert "A task needs a person." in told[0]
    assert not any(NEEDS.search(one) for one in told[1:])
    process.gathering.alarm.quiet_until = 0
    process.tick()
    assert "3 tasks need a person." in process.told(place)


def test_a_page_that_missed_a_moment_hears_its_alarm_with_the_next(
    process: Process, floor: Floor, reviewer: User
) -> None:
    first, second = floor.queue(), floor.queue()
    process.tick()
    slow = process.place(reviewer)
    floor.escalate(first)
    process.tick()
    floor.queue()
    process.tick()
    told = process.told(slow)
    assert "A task needs a person." in told
    slow = slow.after(process.gathering.moment)
    process.gathering.alarm.quiet_until = 0
    floor.escalate(second)
    process.tick()
    assert "A task needs a person." in process.told(slow)


def test_a_page_that_reconnects_between_two_alarms_misses_none(
    process: Process, floor: Floor, reviewer: User
) -> None:
    for task in (floor.queue(), floor.queue()):
        floor.escalate(task)
        process.tick()
    moment = process.gathering.moment
    place = process.place(reviewer)
    (said,) = re.findall(r'data-alarmed="(\d+)"', process.told(place._replace(position=0)))
    assert int(said) == moment.alarmed < moment.position
    elsewhere = Process()
    elsewhere.tick()
    assert "A task needs a person." in elsewhere.told(place._replace(alarmed=int(said)))


def just_come(process: Process, who: User) -> Place:
    """The place of a page that was drawn at this moment."""
    return process.place(who)._replace(position=positions()[-1], alarmed=0)


def alarms_of(told: str) -> list[str]:
    """Where the toasts lead."""
    return re.findall(r'class="toast[^>]*>.*?href="([^"]+)"', told, re.DOTALL)


def test_who_goes_to_another_page_hears_there_what_was_held_back_and_nothing_twice(
    process: Process, floor: Floor, reviewer: User
) -> None:
    tasks = [floor.queue(), floor.queue()]
    for task in tasks:
        floor.escalate(task)
        process.tick()
    place = just_come(process, reviewer)
    assert alarms_of(process.told(place)) == []
    place = place.after(process.gathering.moment)
    process.gathering.alarm.quiet_until = 0
    process.tick()
    assert alarms_of(process.told(place)) == [f"/tasks/{tasks[1]}"]
    assert alarms_of(process.told(just_come(process, reviewer))) == []


def test_a_new_page_hears_what_came_after_it_was_drawn(
    process: Process, floor: Floor, reviewer: User
) -> None:
    place = just_come(process, reviewer)
    task = floor.queue()
    floor.escalate(task)
    process.tick()
    assert alarms_of(process.told(place)) == [f"/tasks/{task}"]


def test_what_was_held_back_for_the_only_page_waits_for_the_next_one(
    process: Process, floor: Floor, reviewer: User
) -> None:
    tasks = [floor.queue(), floor.queue()]
    process.tick()
    async_to_sync(process.gathering.begin)()
    for task in tasks:
        floor.escalate(task)
        process.tick()
    process.gathering.end()
    place = just_come(process, reviewer)
    async_to_sync(process.gathering.begin)()
    assert alarms_of(process.told(place)) == []
    place = place.after(process.gathering.moment)
    process.gathering.alarm.quiet_until = 0
    process.tick()
    assert alarms_of(process.told(place)) == [f"/tasks/{tasks[1]}"]


def test_no_alarm_is_lost_while_one_goes_from_one_page_to_the_next(
    process: Process, floor: Floor, reviewer: User
) -> None:
    task = floor.queue()
    process.tick()
    async_to_sync(process.gathering.begin)()
    process.gathering.end()
    floor.escalate(task)
    place = just_come(process, reviewer)
    place = place.after(async_to_sync(process.gathering.begin)())
    process.tick()
    assert alarms_of(process.told(place)) == [f"/tasks/{task}"]


def test_after_a_time_alone_nothing_is_held_back_and_no_quiet_begins(
    process: Process, floor: Floor, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What nobody hears is no alarm: the next one is told at once."""
    tasks = [floor.queue() for _ in range(3)]
    process.tick()
    async_to_sync(process.gathering.begin)()
    for task in tasks[:2]:
        floor.escalate(task)
        process.tick()
    process.gathering.end()
    monkeypatch.setattr(gathering, "AWAY_SECONDS", 0)
    place = just_come(process, reviewer)
    async_to_sync(process.gathering.begin)()
    process.tick()
    place = place.after(process.gathering.moment)
    floor.escalate(tasks[2])
    process.tick()
    assert alarms_of(process.told(place)) == [f"/tasks/{tasks[2]}"]


def test_no_alarm_is_lost_in_a_tick_with_more_events_than_are_kept(
    process: Process, floor: Floor, reviewer: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    process.feed.kept = deque(maxlen=5)
    monkeypatch.setattr(feed, "KEPT", 5)
    places = [process.place(who) for who in (reviewer, viewer)]
    floor.escalate(floor.queue())
    for _ in range(5):
        floor.queue()
    process.tick()
    told = [process.told(place) for place in places]
    assert "A task needs a person." in told[0]
    assert not NEEDS.search(told[1])


def test_a_page_that_was_away_for_very_long_is_told_of_all_that_are_open(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = [floor.queue() for _ in range(2)]
    for task in tasks:
        floor.escalate(task)
    assert alarms.escalated_between(0, alarms.MOST_READ) == tasks
    floor.override(tasks[0])
    assert alarms.escalated_between(0, alarms.MOST_READ) == tasks
    assert alarms.escalated_between(0, alarms.MOST_READ + 1) == tasks[1:]


def test_what_a_viewer_hears_does_not_tell_that_an_alarm_waits(
    process: Process, floor: Floor, viewer: User
) -> None:
    tasks = [floor.queue(), floor.queue()]
    process.tick()
    for task in tasks:
        place = process.place(viewer)
        floor.escalate(task)
        process.tick()
        told = process.told(place)
        assert (
            re.findall(r'data-(?:position|alarmed)="(\d+)"', told)
            == [str(process.gathering.moment.position)] * 2
        )


def test_a_process_whose_first_look_failed_counts_once_it_can(
    process: Process, viewer: User, reviewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Any:
        raise OperationalError

    audience = process.place(reviewer).audience

    async def comes() -> str:
        moment = await process.gathering.begin()
        process.gathering.end()
        return moment.counters_for(audience)

    with monkeypatch.context() as away:
        away.setattr(figures, "count_all", fails)
        process.gathering.figures = figures.Figures()
        assert async_to_sync(comes)() == ""
    process.tick()
    assert "count-reviews" in process.told(process.place(reviewer))


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_a_feed_that_cannot_read_goes_on_later(
    process: Process, floor: Floor, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    monkeypatch.setattr(feed, "LOOK_AGAIN_SECONDS", 0.01)
    floor.queue()

    async def read() -> None:
        await process.feed.begin()
        with monkeypatch.context() as away:
            away.setattr(feed, "read_after", raising(error))
            await until(lambda: not process.feed.reads)
        await until(lambda: process.feed.reads)
        process.feed.end()

    process.feed.position = 0
    async_to_sync(read)()


def test_whatever_a_loop_died_of_the_next_one_to_come_starts_it_again(
    process: Process, floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dead(loop: asyncio.Task[None] | None) -> None:
        assert loop is not None
        await asyncio.wait({loop}, timeout=5)
        assert isinstance(loop.exception(), ZeroDivisionError)

    async def live_on() -> int:
        gathering = process.gathering
        with monkeypatch.context() as away:
            away.setattr(feed, "read_after", raising(ZeroDivisionError))
            away.setattr(gathering, "tick", raising(ZeroDivisionError))
            moment = await gathering.begin()
            await dead(gathering.running)
            await dead(process.feed.following)
        await sync_to_async(floor.queue)()
        await gathering.begin()
        await gathering.feed.begin()
        for _ in range(2):
            moment = await asyncio.wait_for(gathering.after(moment), 5)
        for one in (gathering, gathering, process.feed):
            one.end()
        return moment.position

    assert async_to_sync(live_on)() == positions()[-1]


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


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_figures_that_cannot_be_read_stay_and_are_read_later(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    found = figures.Figures()

    async def fails(call: Any) -> Any:
        raise error

    monkeypatch.setattr(figures, "in_thread", fails)
    async_to_sync(found.look_up)()
    assert (found.counters, found.stale) == ({}, True)


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
