"""The registry in the admin site: same rules, same services, same events."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agentic.actors import Actor
from agentic.models import Event, User
from agents.authentication import agent_of
from agents.models import Agent, AgentKey
from agents.services import issue_key
from tests.agents.helpers import fresh, last_told, story

FORM = {
    "name": "reader",
    "agent_type": "default",
    "capabilities": '["digits"]',
    "config": "{}",
    "max_concurrent_tasks": "4",
    "priority_level": "0",
    "max_decisions_per_hour": "1000",
    "keys-TOTAL_FORMS": "0",
    "keys-INITIAL_FORMS": "0",
}
ADD, LIST, KEYS = "/admin/agents/agent/add/", "/admin/agents/agent/", "/admin/agents/agentkey/"


def site_for(user: User) -> Client:
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    client = Client()
    client.force_login(user, backend="agentic.passwords.PasswordBackend")
    return client


@pytest.fixture
def site(admin: User) -> Client:
    return site_for(admin)


def act(site: Client, page: str, action: str, *rows: Any, **answers: Any) -> str:
    """What the page says after the action; with `answers` its question was answered."""
    chosen = {"action": action, "_selected_action": [row.pk for row in rows], "index": "0"}
    said = {"answered": "1", **answers} if answers else {}
    return site.post(page, chosen | said, follow=True).content.decode()


def errors_of(answer: Any) -> dict[str, Any]:
    errors: dict[str, Any] = answer.context["adminform"].form.errors
    return errors


def test_an_agent_is_entered_through_the_service(site: Client, admin: User) -> None:
    assert site.post(ADD, FORM).status_code == 302
    agent = Agent.objects.get()
    event = Event.objects.get(entity_id=agent.pk)
    assert (event.event_type, event.source, event.user_id) == (
        "agent.registered",
        "admin",
        admin.pk,
    )


def test_a_change_is_an_event(site: Client, agent: Agent) -> None:
    page = reverse("admin:agents_agent_change", args=[agent.pk])
    assert site.post(page, FORM | {"priority_level": "7", "name": "renamed"}).status_code == 302
    assert last_told(agent) == {"changes": {"priority_level": {"before": 0, "after": 7}}}
    assert (fresh(agent).name, fresh(agent).version) == ("reader", 2)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("capabilities", '"digits"'),
        ("capabilities", '["two words"]'),
        ("capabilities", '["\\u0000"]'),
        ("config", "[]"),
        ("config", '{"a": "\\ud800"}'),
        ("config", '{"a": ' + "9" * 40 + "}"),
        ("max_concurrent_tasks", "0"),
        ("priority_level", "5000"),
        ("agent_type", "two words"),
        ("name", "a\0"),
    ],
)
def test_the_form_holds_to_the_rules_of_the_api(site: Client, field: str, value: str) -> None:
    answer = site.post(ADD, FORM | {field: value})
    assert answer.status_code == 200
    assert list(errors_of(answer)) == [field]
    assert not Agent.objects.exists()


def test_a_status_is_set_through_the_service(site: Client, agent: Agent) -> None:
    assert "Kept with the change" in act(site, LIST, "pause", agent)
    assert story(agent) == [(1, "agent.registered")]
    page = act(site, LIST, "pause", agent, reason="it invents figures")
    assert "Status of reader: maintenance." in page
    assert story(agent)[-1] == (2, "agent.maintenance")
    assert last_told(agent)["reason"] == "it invents figures"
    act(site, LIST, "resume", agent, reason="it was mended")
    assert fresh(agent).status == "available"


@pytest.mark.parametrize("action", ["pause", "resume", "set_busy", "set_offline", "stop"])
def test_a_change_of_status_needs_a_reason(site: Client, agent: Agent, action: str) -> None:
    assert "This field is required" in act(site, LIST, action, agent, reason="")
    assert story(agent) == [(1, "agent.registered")]


def test_one_that_is_refused_does_not_stop_the_others(
    site: Client, agent: Agent, agent_key: str, operator: Actor
) -> None:
    other = issue_key(actor=operator, agent_id=agent.pk).key
    first = AgentKey.objects.exclude(pk=other.pk).get()
    act(site, KEYS, "revoke", first)
    page = act(site, KEYS, "rotate", first, other)
    assert "issue a new one" in page
    assert "1 of 2 done." in page


def test_a_key_is_shown_once(site: Client, agent: Agent) -> None:
    page = act(site, LIST, "issue_key", agent)
    found = re.search(r"aap_\w{8}_[\w-]{43}", page)
    assert found
    assert agent_of(found[0]).id == agent.pk
    for address in (LIST, KEYS, reverse("admin:agents_agent_change", args=[agent.pk])):
        again = site.get(address).content.decode()
        assert found[0] not in again
        assert AgentKey.objects.get().secret_sha256 not in again


def test_keys_are_rotated_and_revoked_from_their_list(
    site: Client, agent: Agent, agent_key: str
) -> None:
    old = AgentKey.objects.get()
    assert re.search(r"aap_\w{8}_[\w-]{43}", act(site, KEYS, "rotate", old))
    assert "opens nothing any more" in act(site, KEYS, "revoke", old)
    assert "issue a new one" in act(site, KEYS, "rotate", old)
    assert [kind for _, kind in story(agent)][-2:] == ["agent.key_issued", "agent.key_revoked"]


def test_a_manager_looks_and_changes_nothing(manager: User, agent: Agent) -> None:
    site = site_for(manager)
    assert "reader" in site.get(LIST).content.decode()
    assert site.post(ADD, FORM | {"name": "other"}).status_code == 403
    act(site, LIST, "pause", agent, reason="because")
    act(site, LIST, "stop", agent, reason="because")
    act(site, LIST, "issue_key", agent)
    assert site.get(KEYS).status_code == 403
    assert story(agent) == [(1, "agent.registered")]


def test_a_reviewer_does_not_see_the_registry(reviewer: User, agent: Agent) -> None:
    assert site_for(reviewer).get(LIST).status_code == 403


def test_nothing_is_deleted_here(site: Client, agent: Agent, agent_key: str) -> None:
    for row in (agent, AgentKey.objects.get()):
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}_delete"
        assert site.post(reverse(name, args=[row.pk]), {"post": "yes"}).status_code == 403
    assert "delete_selected" not in site.get(LIST).content.decode()


def test_events_can_be_looked_at_and_not_touched(site: Client, agent: Agent) -> None:
    event = Event.objects.get(entity_id=agent.pk)
    page = reverse("admin:agentic_event_change", args=[event.pk])
    assert json.dumps("reader")[1:-1] in site.get(page).content.decode()
    assert site.get(reverse("admin:agentic_event_changelist")).status_code == 200
    for address in (page, reverse("admin:agentic_event_add")):
        assert site.post(address, {"actor_label": "x"}).status_code == 403


def test_an_admin_cannot_rise_above_the_roles(site: Client, admin: User) -> None:
    above = User.objects.create_superuser("root", "root@example.org", "a long passphrase")
    page = reverse("admin:agentic_user_change", args=[admin.pk])
    site.post(page, {"username": "ada", "is_superuser": "on", "is_active": "on", "is_staff": "on"})
    admin.refresh_from_db()
    assert not admin.is_superuser
    password = reverse("admin:auth_user_password_change", args=[above.pk])
    assert site.post(password, {"password1": "x" * 12, "password2": "x" * 12}).status_code == 403
    above.refresh_from_db()
    assert above.check_password("a long passphrase")
