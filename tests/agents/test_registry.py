from __future__ import annotations

import pytest

from agentic.actors import Actor
from agentic.models import Event
from agents.models import Agent
from agents.services import NameTaken, change_agent, register_agent
from tests.agents.helpers import fresh, last_told, story


def test_a_new_agent_is_offline_until_it_is_heard_of(agent: Agent) -> None:
    assert (agent.status, agent.silent_at, agent.version) == ("offline", None, 1)
    assert story(agent) == [(1, "agent.registered")]


def test_the_event_says_who_did_it_and_what_the_agent_can(agent: Agent, operator: Actor) -> None:
    event = Event.objects.get(entity_id=agent.pk)
    assert (event.user_id, event.actor_label, event.source) == (operator.id, "ada", "api")
    assert event.data == {
        "name": "reader",
        "agent_type": "default",
        "status": "offline",
        "capabilities": ["digits"],
        "max_concurrent_tasks": 4,
        "priority_level": 0,
        "max_decisions_per_hour": 1000,
    }


def test_a_config_is_kept_and_told_to_nobody(operator: Actor) -> None:
    agent = register_agent(actor=operator, name="a", config={"token": "hush"})
    change_agent(actor=operator, agent_id=agent.pk, values={"config": {"token": "psst", "n": None}})
    assert fresh(agent).config == {"token": "psst", "n": None}
    assert last_told(agent) == {"changes": {"config": {"changed": ["n", "token"]}}}
    assert "hush" not in str(list(Event.objects.values_list("data")))


def test_a_name_is_taken_once(agent: Agent, operator: Actor) -> None:
    with pytest.raises(NameTaken):
        register_agent(actor=operator, name=agent.name)
    assert Agent.objects.count() == Event.objects.count() == 1


def test_a_change_tells_before_and_after(agent: Agent, operator: Actor) -> None:
    changed = change_agent(
        actor=operator,
        agent_id=agent.pk,
        values={"capabilities": ["digits", "letters"], "priority_level": 0},
    )
    assert last_told(agent) == {
        "changes": {"capabilities": {"before": ["digits"], "after": ["digits", "letters"]}}
    }
    assert (changed.version, fresh(agent).capabilities) == (2, ["digits", "letters"])


def test_a_change_to_what_it_was_leaves_no_event(agent: Agent, operator: Actor) -> None:
    change_agent(actor=operator, agent_id=agent.pk, values={"max_concurrent_tasks": 4})
    assert story(agent) == [(1, "agent.registered")]
