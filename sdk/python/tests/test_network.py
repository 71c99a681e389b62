from __future__ import annotations

import logging
import threading
import time

import httpx
import pytest

from agentic_client import Agent, ConfigError, NotAuthenticated, PlatformError, Task, testing

OUTAGES = [503, 500, 429, httpx.ConnectError("refused"), httpx.ReadTimeout("slow")]


@pytest.mark.parametrize("effect", OUTAGES, ids=repr)
@pytest.mark.parametrize("op", ["register", "claim", "ack", "propose", "complete"])
def test_it_tries_again_until_the_platform_answers(
    agent: Agent, fake: testing.FakePlatform, op: str, effect: testing.Effect
) -> None:
    agent.task("act")(lambda task: task.propose({"act": 1}))
    fake.approve()
    fake.break_next(3, effect, only=op)
    task_id = fake.add_task("act")
    outcome = fake.run(agent)[task_id]
    assert (outcome.result, outcome.attempts) == ({"act": 1}, 1)
    assert len(fake.sent(op)) >= 4


def test_it_repeats_an_ending_with_the_same_body(agent: Agent, fake: testing.FakePlatform) -> None:
    agent.task("act")(lambda task: {"done": True})
    fake.break_next(2, httpx.RemoteProtocolError("gone"), only="complete")
    fake.add_task("act")
    fake.run(agent)
    first, *repeats = fake.sent("complete")
    assert repeats == [first, first]


def test_it_gives_up_an_ending_when_the_lease_is_over(
    agent: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    fake = testing.FakePlatform(lease_seconds=0.3)
    agent.task("act")(lambda task: {"done": True})
    fake.break_next(10_000, 503, only="complete")
    task_id = fake.add_task("act", max_attempts=1)
    assert fake.run(agent)[task_id].state == "escalated"
    assert "complete was not taken" in caplog.text


def test_it_stops_when_the_key_is_refused(agent: Agent, fake: testing.FakePlatform) -> None:
    agent.task("act")(lambda task: None)
    agent.connect(fake.url, "aap_wrong_key", fake)
    with pytest.raises(NotAuthenticated, match="unknown, expired or revoked"):
        agent.run()


def test_it_stops_when_the_key_is_revoked_at_work(agent: Agent, fake: testing.FakePlatform) -> None:
    @agent.task("act")
    def act(task: Task) -> None:
        fake.keys.clear()
        threading.Event().wait(5)

    fake.add_task("act")
    began = time.monotonic()
    with pytest.raises(NotAuthenticated):
        fake.run(agent)
    assert time.monotonic() - began < 2


def test_it_stops_when_a_claim_is_refused(agent: Agent, fake: testing.FakePlatform) -> None:
    agent.task("act")(lambda task: None)
    fake.break_next(1, 404, only="claim")
    fake.add_task("act")
    with pytest.raises(PlatformError, match="404") as caught:
        fake.run(agent)
    assert caught.value.problem["detail"] == "scripted by the test"


def test_it_waits_as_long_as_the_platform_says(fake: testing.FakePlatform) -> None:
    busy = httpx.MockTransport(lambda request: httpx.Response(429, headers={"Retry-After": "7"}))
    with (
        pytest.raises(PlatformError) as caught,
        Agent(server=fake.url, key="aap_k", transport=busy)._wire() as wire,
    ):
        wire.send("POST", "/claim", {})
    assert caught.value.retry_after == 7


def test_it_reads_longer_than_the_platform_waits(fake: testing.FakePlatform) -> None:
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"]["read"])
        return httpx.Response(200, json={})

    mock = httpx.MockTransport(answer)
    with Agent(server=fake.url, key="aap_k", transport=mock)._wire() as wire:
        wire.send("POST", "/claim", {}, wait=25)
    assert seen == [35]


def test_it_never_shows_its_key(
    agent: Agent, fake: testing.FakePlatform, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    @agent.task("leak")
    def leak(task: Task) -> None:
        key = next(iter(fake.keys))
        raise RuntimeError(f"tried {key}")

    fake.break_next(2, httpx.ConnectError("refused"))
    task_id = fake.add_task("leak", max_attempts=1)
    outcome, key = fake.run(agent)[task_id], next(iter(fake.keys))
    assert outcome.error == {"type": "RuntimeError", "message": "tried [key]"}
    assert "tried [key]" in caplog.text
    assert key not in caplog.text + repr(agent)


@pytest.mark.parametrize("key", ["", "aap_a\nb", "aap_clé"])
def test_it_refuses_an_unusable_key_without_quoting_it(agent: Agent, key: str) -> None:
    agent.task("act")(lambda task: None)
    agent.connect("https://platform.test", key)
    with pytest.raises(ConfigError, match="AGENTIC_KEY") as caught:
        agent.run()
    assert "aap_a" not in str(caught.value)
    assert "clé" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["platform.test", "ftp://p", "http://", "http://p:x", "http://u:p@h"]
)
def test_it_refuses_an_unusable_address(agent: Agent, url: str) -> None:
    agent.connect(url, "aap_key")
    with pytest.raises(ConfigError, match="AGENTIC_URL"):
        agent._wire()
