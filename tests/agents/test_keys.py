from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agentic.actors import Actor
from agentic.errors import NotAuthenticated, NotFound
from agentic.ids import new_id
from agentic.models import Event
from agents.authentication import agent_of
from agents.keys import digest_of
from agents.models import Agent, AgentKey
from agents.services import KeyEnded, issue_key, register_agent, revoke_key, rotate_key
from tests.agents.helpers import last_told, story


def test_a_key_has_a_prefix_to_tell_it_by_and_256_random_bits(agent_key: str) -> None:
    match = re.fullmatch(r"aap_([A-Za-z0-9]{8})_([A-Za-z0-9_-]{43})", agent_key)
    assert match
    assert AgentKey.objects.get().prefix == match[1]


def test_only_the_digest_of_a_key_is_kept(agent: Agent, agent_key: str) -> None:
    row = AgentKey.objects.values().get()
    assert row["secret_sha256"] == digest_of(agent_key)
    secret = agent_key.split("_", 2)[2]
    assert secret not in str(row)
    assert secret not in str(list(Event.objects.values()))
    assert digest_of(agent_key) not in str(list(Event.objects.values()))


def test_a_key_tells_who_calls(agent: Agent, agent_key: str) -> None:
    calling = agent_of(agent_key)
    assert (calling.id, calling.name, calling.status) == (agent.pk, "reader", "offline")
    assert (calling.capabilities, calling.max_concurrent_tasks, calling.scopes) == (
        ["digits"],
        4,
        [],
    )
    assert calling.key_id == AgentKey.objects.get().pk
    assert abs(calling.called_at - timezone.now()) < timedelta(seconds=5)


def test_to_know_the_caller_takes_one_query(agent_key: str) -> None:
    agent_of(agent_key)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        agent_of(agent_key)
    assert len(queries) == 1


def test_the_last_use_is_noted_once_a_minute(agent_key: str) -> None:
    agent_of(agent_key)
    first = AgentKey.objects.get().last_used_at
    agent_of(agent_key)
    assert first is not None
    assert AgentKey.objects.get().last_used_at == first
    AgentKey.objects.update(last_used_at=first - timedelta(seconds=61))
    agent_of(agent_key)
    assert (AgentKey.objects.get().last_used_at or first) >= first


@pytest.mark.parametrize(
    "wrong", ["aap_", "aap_x", "aap_aaaaaaaa_" + "b" * 43, "aap_\x00", "aap_\ufffd"]
)
def test_an_unknown_key_opens_nothing(agent_key: str, wrong: str) -> None:
    with pytest.raises(NotAuthenticated):
        agent_of(wrong)


def test_a_key_opens_nothing_once_it_has_expired(agent: Agent, operator: Actor) -> None:
    issued = issue_key(actor=operator, agent_id=agent.pk, expires_in=timedelta(hours=1))
    assert agent_of(issued.secret).id == agent.pk
    AgentKey.objects.update(
        created_at=timezone.now() - timedelta(hours=2),
        expires_at=timezone.now() - timedelta(seconds=1),
    )
    with pytest.raises(NotAuthenticated):
        agent_of(issued.secret)


def test_a_revoked_key_opens_nothing_from_the_next_call_on(
    agent: Agent, agent_key: str, operator: Actor
) -> None:
    key_id = agent_of(agent_key).key_id
    revoke_key(actor=operator, agent_id=agent.pk, key_id=key_id)
    with pytest.raises(NotAuthenticated):
        agent_of(agent_key)


def test_to_revoke_a_key_twice_is_to_revoke_it_once(
    agent: Agent, agent_key: str, operator: Actor
) -> None:
    key_id = AgentKey.objects.get().pk
    first = revoke_key(actor=operator, agent_id=agent.pk, key_id=key_id)
    second = revoke_key(actor=operator, agent_id=agent.pk, key_id=key_id)
    assert second.revoked_at == AgentKey.objects.get().revoked_at == first.revoked_at
    assert story(agent) == [
        (1, "agent.registered"),
        (2, "agent.key_issued"),
        (3, "agent.key_revoked"),
    ]


def test_a_rotated_key_works_beside_the_new_one_for_an_hour(
    agent: Agent, agent_key: str, operator: Actor
) -> None:
    old = AgentKey.objects.get()
    issued = rotate_key(actor=operator, agent_id=agent.pk, key_id=old.pk)
    assert agent_of(issued.secret).id == agent_of(agent_key).id == agent.pk
    old.refresh_from_db()
    assert old.expires_at is not None
    assert abs(old.expires_at - timezone.now() - timedelta(hours=1)) < timedelta(seconds=5)
    assert last_told(agent)["replaces"] == str(old.pk)
    AgentKey.objects.filter(pk=old.pk).update(
        created_at=timezone.now() - timedelta(days=1),
        expires_at=timezone.now() - timedelta(seconds=1),
    )
    with pytest.raises(NotAuthenticated):
        agent_of(agent_key)
    assert agent_of(issued.secret).id == agent.pk


def test_a_rotation_never_lengthens_the_old_key(agent: Agent, operator: Actor) -> None:
    old = issue_key(actor=operator, agent_id=agent.pk, expires_in=timedelta(minutes=5)).key
    rotate_key(actor=operator, agent_id=agent.pk, key_id=old.pk)
    assert AgentKey.objects.get(pk=old.pk).expires_at == old.expires_at


def test_a_rotation_hands_on_scopes_and_lifetime(agent: Agent, operator: Actor) -> None:
    old = issue_key(
        actor=operator, agent_id=agent.pk, scopes=["read"], expires_in=timedelta(days=2)
    ).key
    new = rotate_key(actor=operator, agent_id=agent.pk, key_id=old.pk).key
    assert new.scopes == ["read"]
    assert new.expires_at is not None
    assert abs(new.expires_at - timezone.now() - timedelta(days=2)) < timedelta(seconds=5)


def test_a_revoked_key_cannot_be_rotated(agent: Agent, agent_key: str, operator: Actor) -> None:
    key = AgentKey.objects.get()
    revoke_key(actor=operator, agent_id=agent.pk, key_id=key.pk)
    with pytest.raises(KeyEnded):
        rotate_key(actor=operator, agent_id=agent.pk, key_id=key.pk)
    assert AgentKey.objects.count() == 1


def test_a_key_of_another_agent_is_not_there(agent: Agent, agent_key: str, operator: Actor) -> None:
    other = register_agent(actor=operator, name="other")
    for change in (revoke_key, rotate_key):
        with pytest.raises(NotFound):
            change(actor=operator, agent_id=other.pk, key_id=AgentKey.objects.get().pk)


def test_no_key_is_made_for_an_agent_that_is_not_there(operator: Actor) -> None:
    with pytest.raises(NotFound):
        issue_key(actor=operator, agent_id=new_id())
