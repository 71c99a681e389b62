"""The cast at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agentic.actors import Actor
from agents.authentication import CallingAgent
from agents.models import Agent
from decisions import policy
from tests.decisions.floor import Floor, activate_policy


@pytest.fixture(autouse=True)
def as_stated(settings: Any) -> Iterator[None]:
    """The numbers that the tests count on, and no policy that another test has read."""
    settings.TASK_MAX_RETRIES, settings.TASK_ACK_TIMEOUT_SECONDS = 3, 30
    settings.TASK_LEASE_SECONDS, settings.TASK_DELEGATION_DEPTH = 30, 5
    settings.AGENT_HEARTBEAT_SECONDS, settings.AGENT_SILENT_SECONDS = 10, 30
    policy.active.forget()
    yield
    policy.active.forget()


@pytest.fixture
def alone(settings: Any) -> None:
    """One person may publish a policy, without a draft and a second person."""
    settings.POLICY_TWO_PEOPLE = False


@pytest.fixture
def floor(
    agent: Agent, calling: Callable[[], CallingAgent], agent_actor: Actor, operator: Actor
) -> Floor:
    """The agent at work, and a person looks at everything."""
    activate_policy(threshold=1.0, priorities=dict.fromkeys(("low", "medium", "high", "critical")))
    return Floor(agent, calling, agent_actor, operator)
