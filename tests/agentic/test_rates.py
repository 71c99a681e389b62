"""How fast a caller may call."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.test import Client

from agentic import rates
from agentic.models import User
from agentic.rates import Allowance, Meter, Tally, TooFast, network_of
from tests.conftest import PASSWORD, Api

ClientFor = Callable[[User | str | None], Api]
IN_REDIS = pytest.mark.skipif(not django_settings.REDIS_URL, reason="there is no Redis")


class Clock:
    """In the middle of a minute, and standing still, so that a count does not begin anew while a test counts."""

    def __init__(self) -> None:
        self.now, self.running = 1_800_000_020.0, 1000.0

    def time(self) -> float:
        return self.now

    def monotonic(self) -> float:
        return self.running


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Nobody has been counted yet."""
    clock = Clock()
    monkeypatch.setattr(rates, "time", clock)
    monkeypatch.setattr(rates, "meter", Meter())
    monkeypatch.setattr(rates, "tally", Tally())
    return clock


def statuses(call: Callable[[], Any], times: int) -> list[int]:
    return [call().status_code for _ in range(times)]


def test_a_person_who_is_too_fast_is_told_when_to_go_on(
    client_for: ClientFor, viewer: User, settings: Any
) -> None:
    api = client_for(viewer)
    settings.RATE_PER_MINUTE_PERSON = 2
    assert statuses(lambda: api.get("/auth/me"), 2) == [200, 200]
    answer = api.get("/auth/me")
    assert (answer.status_code, answer["Retry-After"]) == (429, "40")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "throttled"
    assert answer.json()["detail"] == "At most 2 such calls a minute: go on in 40 s."


def test_the_next_minute_begins_anew(
    client_for: ClientFor, viewer: User, settings: Any, clock: Clock
) -> None:
    api = client_for(viewer)
    settings.RATE_PER_MINUTE_PERSON = 1
    assert statuses(lambda: api.get("/auth/me"), 2) == [200, 429]
    clock.now += 40
    assert statuses(lambda: api.get("/auth/me"), 2) == [200, 429]


def test_callers_and_kinds_of_calls_are_counted_apart(
    client_for: ClientFor, admin: User, viewer: User, agent_key: str, settings: Any
) -> None:
    boss, other, worker = client_for(admin), client_for(viewer), client_for(agent_key)
    settings.RATE_PER_MINUTE_PERSON = settings.RATE_PER_MINUTE_AGENT = 1
    assert statuses(lambda: boss.get("/auth/me"), 2) == [200, 429]
    assert statuses(lambda: boss.post("/decisions/task", {"title": "t"}), 2) == [201, 429]
    assert statuses(lambda: other.get("/auth/me"), 2) == [200, 429]
    assert statuses(lambda: worker.post("/worker/register"), 2) == [200, 429]


def test_sign_ins_are_counted_by_address_behind_so_many_proxies(
    viewer: User, settings: Any
) -> None:
    settings.RATE_PER_MINUTE_SIGN_IN, settings.NUM_PROXIES = 1, 1
    said = {"username": "vera", "password": PASSWORD}

    def sign_in(forwarded: str) -> int:
        client = Client(headers={"X-Forwarded-For": forwarded})
        return client.post("/api/v1/auth/token", said, "application/json").status_code

    assert sign_in("192.0.2.1") == 200
    assert sign_in("192.0.2.1") == 429
    assert (
        sign_in("198.51.100.9, 192.0.2.1") == 429
    )  # what a client says of itself counts for nothing
    assert sign_in("192.0.2.1, 192.0.2.2") == 200


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", ""),
    ],
)
def test_whoever_has_a_network_has_one_address(address: str, network: str) -> None:
    assert network_of(address) == network


def test_a_caller_who_may_not_call_uses_nothing_up(
    client_for: ClientFor, viewer: User, settings: Any
) -> None:
    api = client_for(viewer)
    settings.RATE_PER_MINUTE_PERSON = 1
    assert statuses(lambda: api.post("/decisions/task", {}), 3) == [403, 403, 403]


def test_the_page_counts_with_the_api(client: Client, viewer: User, settings: Any) -> None:
    settings.RATE_PER_MINUTE_SIGN_IN = 3
    said = {"username": "vera", "password": PASSWORD}

    def sign_in() -> Any:
        return client.post("/sign-in", said)

    assert statuses(lambda: client.post("/sign-in", {}), 1) == [403]
    assert Api().post("/auth/token", said).status_code == 200
    assert statuses(sign_in, 2) == [302, 429]
    answer = sign_in()
    assert (answer["Content-Type"][:9], answer["Retry-After"]) == ("text/html", "40")
    assert "go on in 40 s" in answer.content.decode()
    assert Api().post("/auth/token", said).status_code == 429
    assert client.get("/sign-in").status_code == 302  # to look at a page costs nothing


class TestBadCredentials:
    """Whoever shows one again and again is told to wait; nobody else notices."""

    def test_of_one_address_they_are_counted_together(
        self, client_for: ClientFor, viewer: User, agent_key: str, settings: Any
    ) -> None:
        vera, worker = client_for(viewer), client_for(agent_key)
        settings.RATE_PER_MINUTE_PERSON = 3
        forged, unknown = Api("a.b.c"), Api("aap_abcdefgh_nobodys")
        assert statuses(lambda: forged.get("/auth/me"), 2) == [401, 401]
        assert statuses(lambda: unknown.post("/worker/register"), 2) == [401, 429]
        answer = forged.get("/auth/me")
        assert (answer.status_code, answer["Retry-After"]) == (429, "40")
        assert "WWW-Authenticate" not in answer
        assert vera.get("/auth/me").status_code == 200
        assert worker.post("/worker/register").status_code == 200

    def test_another_address_is_another(self, db: None, settings: Any) -> None:
        settings.RATE_PER_MINUTE_PERSON = 1

        def ask(ip: str) -> Any:
            return Client(REMOTE_ADDR=ip).get("/api/v1/auth/me")

        assert statuses(lambda: ask("192.0.2.1"), 2) == [401, 429]
        assert ask("192.0.2.2").status_code == 401


def spend(meter: Meter, limit: int, times: int, who: str = "") -> int:
    """How many of so many calls of one caller are let through."""
    allowance, passed = Allowance(who or uuid4().hex, limit), 0
    for _ in range(times):
        with suppress(TooFast):
            meter.spend(allowance)
            passed += 1
    return passed


@pytest.mark.parametrize("limit", [1, 30, 99, 100, 101, 250, 850])
def test_a_limit_is_a_limit(limit: int, settings: Any) -> None:
    settings.REDIS_URL = ""
    assert spend(Meter(), limit, 1000) == limit


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Redis may take its time: what is tested is the sum."""
    monkeypatch.setattr(rates, "REDIS_SECONDS", 10)
    rates.client.cache_clear()
    yield
    rates.client.cache_clear()


@IN_REDIS
@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("limit", [30, 600])
def test_processes_share_the_limit(limit: int, monkeypatch: pytest.MonkeyPatch) -> None:
    who, passed = uuid4().hex, 0
    for times in (limit // 2, limit):
        monkeypatch.setattr(rates, "tally", Tally())
        passed += spend(Meter(), limit, times, who)
    # What the first one had taken in advance is lost to the second: a hundredth at most.
    assert limit - limit // 100 <= passed <= limit


def test_threads_share_the_limit(settings: Any) -> None:
    settings.REDIS_URL = ""
    meter, who, passed = Meter(), uuid4().hex, list[int]()
    work = [
        threading.Thread(target=lambda: passed.append(spend(meter, 500, 100, who)))
        for _ in range(8)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert sum(passed) == 500


@pytest.fixture
def silent_redis(settings: Any) -> Iterator[socket.socket]:
    """Takes connections, and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.REDIS_URL = f"redis://127.0.0.1:{listening.getsockname()[1]}/0"
        yield listening


def test_a_redis_that_says_nothing_costs_one_short_wait(silent_redis: socket.socket) -> None:
    begun = time.perf_counter()
    assert spend(Meter(), 30, 60) == 30
    assert time.perf_counter() - begun < 1  # of which 0.05 s are the wait


def test_without_redis_each_process_counts_for_itself(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert spend(Meter(), 30, 60) == 30


@IN_REDIS
@pytest.mark.usefixtures("unhurried")
def test_a_redis_that_is_back_is_asked_again_after_a_minute(settings: Any, clock: Clock) -> None:
    there, who, tally = settings.REDIS_URL, uuid4().hex, Tally()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert [tally.add(who, 1, 5), tally.add(who, 1, 5)] == [5, 10]
    settings.REDIS_URL, clock.running = there, clock.running + 59
    assert tally.add(who, 1, 5) == 15
    clock.running += 2
    assert [tally.add(who, 1, 5), Tally().add(who, 1, 5)] == [5, 10]
