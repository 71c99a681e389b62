"""Real transactions, real threads: what several callers do at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import connections

from agentic.actors import Actor
from agentic.errors import DomainError
from agents.authentication import CallingAgent
from agents.models import Agent, AgentKey, AgentStatus
from agents.services import (
    announce,
    hear_from,
    issue_key,
    register_agent,
    set_status,
    silence_agents,
)
from tests.agents.helpers import fresh, let_time_pass, story

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Each call in a thread of its own, let go together; what it returned, or the error that it raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            gate.wait(10)
            return call()
        except DomainError as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def versions(agent: Agent) -> list[int]:
    return [version for version, _ in story(agent)]


def test_keys_issued_at_once_are_all_there_and_leave_no_gap(agent: Agent, operator: Actor) -> None:
    issued = at_once(*[lambda: issue_key(actor=operator, agent_id=agent.pk)] * 4)
    assert AgentKey.objects.count() == len({key.secret for key in issued}) == 4
    assert versions(agent) == [1, 2, 3, 4, 5]
    assert fresh(agent).version == 5


def test_of_agents_entered_at_once_under_one_name_there_is_one(operator: Actor) -> None:
    answers = at_once(*[lambda: register_agent(actor=operator, name="reader")] * 6)
    assert sorted(getattr(answer, "code", "made") for answer in answers) == ["conflict"] * 5 + [
        "made"
    ]
    assert Agent.objects.count() == 1


def test_operators_who_meet_leave_a_story_without_a_gap(agent: Agent, operator: Actor) -> None:
    wanted = [AgentStatus.AVAILABLE, AgentStatus.BUSY, AgentStatus.MAINTENANCE] * 2
    change = partial(set_status, actor=operator, agent_id=agent.pk)
    answers = at_once(*(partial(change, status=status) for status in wanted))
    assert any(isinstance(answer, Agent) for answer in answers)
    assert all(isinstance(answer, Agent) or answer.status == 409 for answer in answers)
    assert versions(agent) == list(range(1, fresh(agent).version + 1))


def test_two_sweeps_at_once_take_an_agent_offline_once(
    agent: Agent, operator: Actor, platform: Actor
) -> None:
    set_status(actor=operator, agent_id=agent.pk, status=AgentStatus.AVAILABLE)
    let_time_pass(agent, 3600)
    taken = at_once(*[lambda: silence_agents(actor=platform, limit=10)] * 4)
    assert [pk for ids in taken for pk in ids] == [agent.pk]
    assert versions(agent) == [1, 2, 3]


def test_an_agent_that_calls_while_it_is_taken_for_dead_ends_available(
    agent: Agent, calling: Callable[[], CallingAgent], agent_actor: Actor, platform: Actor
) -> None:
    announce(actor=agent_actor, agent=calling())
    for _ in range(10):
        let_time_pass(agent, 3600)
        caller = calling()
        at_once(
            lambda: silence_agents(actor=platform, limit=10),
            partial(hear_from, actor=agent_actor, agent=caller),
        )
        row = fresh(agent)
        assert row.status == "available"
        assert row.silent_at is not None
        assert versions(agent) == list(range(1, row.version + 1))
