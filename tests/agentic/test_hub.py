"""What a process hears of, and whether it knows when it hears nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from agentic import hub as hubs
from agentic.hub import Hub
from agentic.live import GROUP


class Layer(InMemoryChannelLayer):
    """That can be away, and that can forget who is in a group."""

    away = False

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        if self.away:
            raise ConnectionError("no Redis")
        await super().group_send(group, message)


@pytest.fixture
def layer(monkeypatch: pytest.MonkeyPatch) -> Layer:
    """Times are short; everything else is as in earnest."""
    layer = Layer()
    monkeypatch.setattr(hubs, "channel_layer", lambda: layer)
    for name, seconds in {
        "ECHO_SECONDS": 0.01,
        "ECHO_LATE_SECONDS": 0.3,
        "DEAF_SECONDS": 0.4,
        "RETRY_SECONDS": 0.01,
    }.items():
        monkeypatch.setattr(hubs, name, seconds)
    return layer


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[Hub]:
    hub = Hub()
    task = asyncio.ensure_future(hub.listen())
    try:
        yield hub
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(hub: Hub, *, hears: bool) -> None:
    for _ in range(500):
        if hub.hears == hears:
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"not within 5 s: hears is {hears}")


def test_it_does_not_say_that_it_hears_before_it_does() -> None:
    assert not Hub().hears


def test_it_hears_and_an_echo_wakes_nobody(layer: Layer) -> None:
    async def story() -> None:
        async with listening() as hub:
            await until(hub, hears=True)
            assert hub.heard == 0
            await layer.group_send(GROUP, {"type": "committed", "topics": ["tasks"]})
            await hub.news_of("tasks", since=0, seconds=5)
            assert hub.heard == 1

    asyncio.run(story())


def test_it_knows_that_the_layer_is_away_and_hears_again_when_it_is_back(layer: Layer) -> None:
    async def story() -> None:
        async with listening() as hub:
            await until(hub, hears=True)
            layer.away = True
            await until(hub, hears=False)
            layer.away = False
            await until(hub, hears=True)

    asyncio.run(story())


def test_it_joins_anew_when_the_layer_has_lost_it(layer: Layer) -> None:
    async def story() -> None:
        async with listening() as hub:
            await until(hub, hears=True)
            layer.groups.clear()
            await until(hub, hears=False)
            await until(hub, hears=True)

    asyncio.run(story())


def test_one_process_does_not_take_the_echo_of_another_for_its_own(
    layer: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "DEAF_SECONDS", 60)

    async def story() -> None:
        async with listening() as hub, listening() as other:
            await until(hub, hears=True)
            await until(other, hears=True)
            (channels,) = layer.groups.values()
            assert len(channels) == 2
            channels.pop(next(iter(channels)))
            await asyncio.sleep(
                0.35
            )  # longer than an echo may take, shorter than until it joins anew
            assert sorted([hub.hears, other.hears]) == [False, True]

    asyncio.run(story())
