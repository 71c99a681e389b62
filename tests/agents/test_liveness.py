from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agentic.actors import Actor
from agentic.clock import database_now
from agents.authentication import CallingAgent
from agents.models import Agent, AgentStatus
from agents.services import (
    announce,
    change_agent,
    forget_offline,
    hear_from,
    issue_key,
    offline_with_tasks,
    register_agent,
    set_status,
    silence_agents,
)
from agents.services.liveness import StatusChanged
from tests.agents.helpers import fresh, last_told, let_time_pass, seconds_until_silent, story

Calling = Callable[[], CallingAgent]


@pytest.fixture(autouse=True)
def times(settings: Any) -> None:
    settings.AGENT_HEARTBEAT_SECONDS, settings.AGENT_SILENT_SECONDS = 10, 30


@pytest.fixture
def present(agent: Agent, calling: Calling, agent_actor: Actor) -> Agent:
    """Announced itself a moment ago."""
    announce(actor=agent_actor, agent=calling())
    return fresh(agent)


def test_an_agent_that_announces_itself_is_available(
    agent: Agent, calling: Calling, agent_actor: Actor
) -> None:
    announce(actor=agent_actor, agent=calling(), version="1.2", framework="plain", concurrency=2)
    row = fresh(agent)
    assert (row.status, row.client_version, row.framework) == ("available", "1.2", "plain")
    assert (row.max_concurrent_tasks, row.capabilities) == (2, ["digits"])
    assert row.last_seen_at is not None
    assert seconds_until_silent(agent) == pytest.approx(30, abs=1)


def test_what_an_agent_announces_stands_in_its_events(
    agent: Agent, calling: Calling, agent_actor: Actor
) -> None:
    announce(actor=agent_actor, agent=calling(), capabilities=["letters", "digits", "letters"])
    assert story(agent)[2:] == [(3, "agent.changed"), (4, "agent.available")]
    assert last_told(agent) == {
        "before": "offline",
        "after": "available",
        "reason": "the agent announced itself",
    }
    assert fresh(agent).capabilities == ["letters", "digits"]


def test_to_announce_the_same_again_leaves_no_event(
    present: Agent, calling: Calling, agent_actor: Actor
) -> None:
    before = story(present)
    let_time_pass(present, 20)
    announce(actor=agent_actor, agent=calling(), capabilities=["digits"])
    assert story(present) == before
    assert seconds_until_silent(present) > 29


def test_an_agent_never_leaves_maintenance_by_itself(
    present: Agent, calling: Calling, agent_actor: Actor, operator: Actor, platform: Actor
) -> None:
    set_status(actor=operator, agent_id=present.pk, status=AgentStatus.MAINTENANCE)
    let_time_pass(present, 3600)
    assert silence_agents(actor=platform, limit=10) == []
    assert hear_from(actor=agent_actor, agent=calling()) == "maintenance"
    assert announce(actor=agent_actor, agent=calling(), version="2").status == "maintenance"
    row = fresh(present)
    assert (row.status, row.silent_at, row.client_version) == ("maintenance", None, "2")


def test_a_call_puts_the_silence_off(present: Agent, calling: Calling, agent_actor: Actor) -> None:
    let_time_pass(present, 20)
    assert hear_from(actor=agent_actor, agent=calling()) == "available"
    assert seconds_until_silent(present) == pytest.approx(30, abs=1)


def test_a_call_right_after_another_costs_no_query(
    present: Agent, calling: Calling, agent_actor: Actor
) -> None:
    caller = calling()
    with CaptureQueriesContext(connection) as queries:
        hear_from(actor=agent_actor, agent=caller)
    assert len(queries) == 0


def test_a_later_call_costs_one_update(
    present: Agent, calling: Calling, agent_actor: Actor
) -> None:
    let_time_pass(present, 6)
    caller = calling()
    with CaptureQueriesContext(connection) as queries:
        hear_from(actor=agent_actor, agent=caller)
    assert len(queries) == 1


def test_a_long_poll_may_wait_longer_than_the_silence(
    present: Agent, calling: Calling, agent_actor: Actor
) -> None:
    hear_from(actor=agent_actor, agent=calling(), waiting=50)
    assert seconds_until_silent(present) == pytest.approx(80, abs=1)


def test_a_heartbeat_during_a_long_poll_does_not_cut_it_short(
    present: Agent, calling: Calling, agent_actor: Actor
) -> None:
    hear_from(actor=agent_actor, agent=calling(), waiting=50)
    let_time_pass(present, 6)
    hear_from(actor=agent_actor, agent=calling())
    assert seconds_until_silent(present) > 70


def test_polls_in_quick_succession_pay_once(
    present: Agent, calling: Calling, agent_actor: Actor
) -> None:
    hear_from(actor=agent_actor, agent=calling(), waiting=25)
    caller = calling()
    with CaptureQueriesContext(connection) as queries:
        hear_from(actor=agent_actor, agent=caller, waiting=25)
    assert len(queries) == 0


def test_a_silent_agent_goes_offline(present: Agent, platform: Actor) -> None:
    let_time_pass(present, 29)
    assert silence_agents(actor=platform, limit=10) == []
    let_time_pass(present, 2)
    seen = fresh(present).last_seen_at
    assert silence_agents(actor=platform, limit=10) == [present.pk]
    row = fresh(present)
    assert (row.status, row.version) == ("offline", present.version + 1)
    assert seen is not None
    assert last_told(present) == {
        "before": "available",
        "after": "offline",
        "reason": "not heard of in time",
        "last_seen_at": seen.isoformat(),
    }
    assert silence_agents(actor=platform, limit=10) == []


def test_a_tick_takes_no_more_agents_than_its_limit(operator: Actor, platform: Actor) -> None:
    agents = [register_agent(actor=operator, name=f"a{n}") for n in range(3)]
    for agent in agents:
        set_status(actor=operator, agent_id=agent.pk, status=AgentStatus.AVAILABLE)
        let_time_pass(agent, 31)
    first = silence_agents(actor=platform, limit=2)
    assert len(first) == 2
    assert set(first) | set(silence_agents(actor=platform, limit=2)) == {
        agent.pk for agent in agents
    }


def test_a_tick_with_nothing_due_is_one_query(present: Agent, platform: Actor) -> None:
    with CaptureQueriesContext(connection) as queries:
        silence_agents(actor=platform, limit=100)
    assert len(queries) == 1


def test_an_agent_that_was_taken_for_dead_comes_back_by_calling(
    present: Agent, calling: Calling, agent_actor: Actor, platform: Actor
) -> None:
    let_time_pass(present, 31)
    silence_agents(actor=platform, limit=10)
    assert hear_from(actor=agent_actor, agent=calling(), waiting=25) == "available"
    assert story(present)[-2:] == [(4, "agent.offline"), (5, "agent.available")]
    assert last_told(present)["reason"] == "the agent was heard of again"
    assert seconds_until_silent(present) == pytest.approx(55, abs=1)


def test_a_call_that_crosses_the_silence_wins_the_agent_back(
    present: Agent, calling: Calling, agent_actor: Actor, platform: Actor
) -> None:
    let_time_pass(present, 31)
    caller = calling()
    silence_agents(actor=platform, limit=10)
    assert caller.status == "available"
    assert hear_from(actor=agent_actor, agent=caller) == "available"
    assert fresh(present).status == "available"


def test_an_offline_agent_stays_due_until_its_tasks_have_moved_on(
    present: Agent, operator: Actor
) -> None:
    set_status(actor=operator, agent_id=present.pk, status=AgentStatus.OFFLINE)
    assert list(offline_with_tasks()) == [present]
    forget_offline([present.pk])
    assert not offline_with_tasks().exists()
    assert fresh(present).silent_at is None


def test_an_agent_made_available_unheard_goes_offline_again(
    agent: Agent, operator: Actor, platform: Actor
) -> None:
    set_status(actor=operator, agent_id=agent.pk, status=AgentStatus.AVAILABLE)
    assert seconds_until_silent(agent) == pytest.approx(30, abs=1)
    let_time_pass(agent, 31)
    assert silence_agents(actor=platform, limit=10) == [agent.pk]


def test_an_agent_made_available_right_after_it_went_silent_has_its_time_anew(
    present: Agent, operator: Actor, platform: Actor
) -> None:
    let_time_pass(present, 31)
    silence_agents(actor=platform, limit=10)
    set_status(actor=operator, agent_id=present.pk, status=AgentStatus.AVAILABLE)
    assert seconds_until_silent(present) == pytest.approx(30, abs=1)
    assert silence_agents(actor=platform, limit=10) == []


@pytest.mark.parametrize("status", AgentStatus)
def test_an_operator_may_set_any_status(agent: Agent, operator: Actor, status: AgentStatus) -> None:
    set_status(actor=operator, agent_id=agent.pk, status=AgentStatus.BUSY)
    set_status(actor=operator, agent_id=agent.pk, status=status, reason="because")
    row = fresh(agent)
    assert row.status == status
    assert (row.silent_at is None) == (status == "maintenance")
    if status != AgentStatus.BUSY:
        assert last_told(agent) == {"before": "busy", "after": status, "reason": "because"}


def test_a_status_that_is_there_already_leaves_no_event(agent: Agent, operator: Actor) -> None:
    set_status(actor=operator, agent_id=agent.pk, status=AgentStatus.OFFLINE)
    assert story(agent) == [(1, "agent.registered")]


def test_of_two_operators_who_meet_one_is_told(
    agent: Agent, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(
        monkeypatch,
        lambda: set_status(actor=operator, agent_id=agent.pk, status=AgentStatus.MAINTENANCE),
    )
    with pytest.raises(StatusChanged) as caught:
        set_status(actor=operator, agent_id=agent.pk, status=AgentStatus.AVAILABLE)
    assert caught.value.members["state"] == "maintenance"
    assert fresh(agent).status == "maintenance"


@pytest.mark.parametrize(
    "other",
    [
        lambda actor, pk: issue_key(actor=actor, agent_id=pk),
        lambda actor, pk: change_agent(actor=actor, agent_id=pk, values={"priority_level": 3}),
    ],
)
def test_an_operator_is_not_stopped_by_another_kind_of_change(
    agent: Agent, operator: Actor, monkeypatch: pytest.MonkeyPatch, other: Callable[..., object]
) -> None:
    meanwhile(monkeypatch, lambda: other(operator, agent.pk))
    set_status(actor=operator, agent_id=agent.pk, status=AgentStatus.AVAILABLE)
    assert fresh(agent).status == "available"
    assert [version for version, _ in story(agent)] == [1, 2, 3]


def meanwhile(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Once, between the moment in which a change has read the row and the one in which it writes."""
    clock = "agents.services.liveness.database_now"

    def once() -> datetime:
        monkeypatch.setattr(clock, database_now)
        happens()
        return database_now()

    monkeypatch.setattr(clock, once)
