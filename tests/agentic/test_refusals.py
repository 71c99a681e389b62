"""Whoever is refused leaves a trace, and cannot bury the log in traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from agentic import refusals
from agentic.audits import told_by
from agentic.models import Audit, User
from agents.models import Agent
from tests.conftest import Api

ClientFor = Callable[[User | str | None], Api]


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A minute passes when the test says so, and nobody was refused before."""
    clock = Clock()
    monkeypatch.setattr(refusals, "gate", refusals.Gate(clock))
    return clock


def written() -> list[Audit]:
    return list(Audit.objects.filter(action="access.refused").order_by("number"))


def told(audit: Audit) -> dict[str, Any]:
    details: dict[str, Any] = told_by(audit.details)
    return details


def test_a_person_who_is_refused_is_written_down(client_for: ClientFor, viewer: User) -> None:
    answer = client_for(viewer).post("/admin/agents?name=secret", {"name": "x"})
    assert answer.status_code == 403
    (audit,) = written()
    assert (audit.user_id, audit.actor_label, audit.source) == (viewer.pk, "vera", "api")
    assert audit.ip == "127.0.0.1"
    assert audit.correlation_id == answer["X-Request-ID"]
    expected = {"rule": "agents.create", "method": "POST", "path": "/api/v1/admin/agents"}
    assert told(audit) == {**expected, "held_back": 0}


def test_an_agent_that_is_refused_is_written_down(client_for: ClientFor, agent_key: str) -> None:
    assert client_for(agent_key).get("/admin/agents").status_code == 403
    (audit,) = written()
    assert (audit.actor_kind, audit.actor_label, audit.user_id) == ("agent", "reader", None)
    assert audit.source == "agent"
    assert told(audit)["rule"] == "agents.view"


def test_a_person_at_the_agents_door_is_written_down(client_for: ClientFor, admin: User) -> None:
    assert client_for(admin).post("/worker/claim").status_code == 403
    assert told(written()[0])["rule"] == "an agent, by its key"


def test_whoever_is_nobody_is_not(client_for: ClientFor) -> None:
    assert client_for(None).get("/admin/agents").status_code == 401
    assert written() == []


def test_a_page_of_the_admin_site_is_known_by_its_name(stranger: User, agent: Agent) -> None:
    stranger.is_staff = True
    stranger.save()
    site = Client()
    site.force_login(stranger, backend="agentic.passwords.PasswordBackend")
    assert site.get("/admin/agents/agent/").status_code == 403
    (audit,) = written()
    assert (audit.source, audit.user_id) == ("admin", stranger.pk)
    assert told(audit)["rule"] == "admin:agents_agent_changelist"


def test_the_same_again_is_counted_and_told_once_a_minute(
    client_for: ClientFor, viewer: User, clock: Clock
) -> None:
    caller = client_for(viewer)
    for _ in range(5):
        caller.get("/admin/agents")
    assert len(written()) == 1
    clock.now = 60
    caller.get("/admin/agents")
    assert [told(audit)["held_back"] for audit in written()] == [0, 4]


def test_another_rule_and_another_person_are_told_at_once(
    client_for: ClientFor, viewer: User, stranger: User
) -> None:
    one, other = client_for(viewer), client_for(stranger)
    for _ in range(2):
        one.get("/admin/agents")
        one.post("/admin/agents")
        other.get("/admin/agents")
    assert len(written()) == 3


def test_a_log_that_cannot_be_written_changes_no_answer(
    client_for: ClientFor, viewer: User, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("gone")

    caller = client_for(viewer)
    with monkeypatch.context() as patch:
        patch.setattr(refusals, "record", away)
        assert caller.get("/admin/agents").status_code == 403
    assert "could not be written down" in caplog.text
    assert caller.get("/admin/agents").status_code == 403
    assert [told(audit)["held_back"] for audit in written()] == [1]


@pytest.mark.parametrize("path", ["/admin/agents/%00", "/admin/agents/%ff%ed%a0%80", "/a" * 900])
def test_any_path_can_be_written_down(client_for: ClientFor, viewer: User, path: str) -> None:
    caller = client_for(viewer)
    asked = path if path.startswith("/admin") else f"/admin/agents{path}"
    status = caller.get(asked).status_code
    assert status in {403, 404}
    assert len(written()) == (status == 403)
    assert all(len(told(audit)["path"]) <= 500 for audit in written())


def test_a_gate_forgets_those_that_it_would_let_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "MOST_KEPT", 10)
    clock = Clock()
    gate = refusals.Gate(clock)
    for number in range(100):
        clock.now += 10
        assert gate.admit((number,)) == 0
    assert len(gate.seen) <= 10
