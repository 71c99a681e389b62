"""How many sockets one person may have open at once, and how fast they may act over them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from contextlib import ExitStack, asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest

from agentic import rates
from agentic.errors import NotAllowed
from agentic.hub import Hub
from agentic.longpoll import Message
from agentic.models import User
from agentic.rates import Meter, Tally, TooFast
from oversight import socket
from oversight.actions import act
from oversight.connection import TOO_MANY, Closed
from oversight.feed import Feed
from oversight.frames import Act, refused
from oversight.places import Places, places
from tests.conftest import Api
from tests.decisions.floor import Floor

ClientFor = Callable[[User | str | None], Api]


def token_of(api: Api) -> str:
    return api.headers["Authorization"].removeprefix("Bearer ")


class TestPlaces:
    def test_there_are_so_many_for_each_person(self, settings: Any) -> None:
        settings.SOCKETS_PER_PERSON = 2
        places, one, other = Places(), uuid4(), uuid4()
        with ExitStack() as open_ones:
            for who in (one, one, other):
                open_ones.enter_context(places.taken_by(who))
            with pytest.raises(Closed) as closed, places.taken_by(one):
                pass
        assert (closed.value.code, closed.value.reason[:20]) == (TOO_MANY, "At most 2 sockets at")
        with places.taken_by(one):
            assert list(places.taken) == [one]

    def test_zero_sets_no_limit(self, settings: Any) -> None:
        settings.SOCKETS_PER_PERSON = 0
        places, who = Places(), uuid4()
        with ExitStack() as open_ones:
            for _ in range(100):
                open_ones.enter_context(places.taken_by(who))
        assert not places.taken


class Client:
    """The other side of one socket, without a network in between."""

    def __init__(self) -> None:
        self.says: asyncio.Queue[Message] = asyncio.Queue()
        self.hears: asyncio.Queue[Message] = asyncio.Queue()
        self.says.put_nowait({"type": "websocket.connect"})

    async def first_word(self) -> Message:
        assert (await self.hears.get())["type"] == "websocket.accept"
        return await asyncio.wait_for(self.hears.get(), 10)


@asynccontextmanager
async def connected(feed: Feed, token: str) -> Any:
    client, scope = Client(), {"query_string": f"token={token}".encode()}
    served = asyncio.ensure_future(socket.serve(feed, scope, client.says.get, client.hears.put))
    yield client
    client.says.put_nowait({"type": "websocket.disconnect"})
    await asyncio.wait_for(served, 10)


@pytest.mark.django_db(transaction=True)
def test_one_socket_too_many_is_told_so_and_closed(
    client_for: ClientFor, viewer: User, settings: Any
) -> None:
    settings.SOCKETS_PER_PERSON = 1
    token = token_of(client_for(viewer))

    async def visit() -> list[Message]:
        feed = Feed(Hub())
        async with connected(feed, token) as one:
            words = [await one.first_word()]
            async with connected(feed, token) as other:
                words.append(await other.first_word())
        async with connected(feed, token) as again:
            return [*words, await again.first_word()]

    first, second, third = asyncio.run(visit())
    assert json.loads(first["text"])["type"] == json.loads(third["text"])["type"] == "connected"
    assert (second["type"], second["code"]) == ("websocket.close", 4008)
    assert "At most 1 sockets" in second["reason"]
    assert not places.taken


class TestActions:
    @pytest.fixture(autouse=True)
    def one_a_minute(self, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rates, "meter", Meter())
        monkeypatch.setattr(rates, "tally", Tally())

    def escalate(self, floor: Floor, api: Api) -> str:
        asked = Act(action="escalate", task_id=floor.queue(), reason="look")
        return act(asked, token=token_of(api), ip="")

    def test_they_use_up_what_a_person_may_do_in_a_minute(
        self, floor: Floor, client_for: ClientFor, manager: User, settings: Any
    ) -> None:
        api = client_for(manager)
        settings.RATE_PER_MINUTE_PERSON = 2
        assert api.post("/decisions/task", {"title": "t"}).status_code == 201
        assert "action_done" in self.escalate(floor, api)
        with pytest.raises(TooFast) as too_fast:
            self.escalate(floor, api)
        said = refused(too_fast.value)
        assert (said.status, said.code) == (429, "throttled")
        assert isinstance(said.retry_after, int)
        assert 1 <= said.retry_after <= 60
        assert api.post("/decisions/task", {"title": "t"}).status_code == 429

    def test_who_may_not_act_uses_nothing_up(
        self, floor: Floor, client_for: ClientFor, viewer: User, settings: Any
    ) -> None:
        api = client_for(viewer)
        settings.RATE_PER_MINUTE_PERSON = 1
        for _ in range(3):
            with pytest.raises(NotAllowed):
                self.escalate(floor, api)
