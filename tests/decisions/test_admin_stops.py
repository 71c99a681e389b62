"""The kill switch on the admin site: three scopes, a reason, by admins alone, and lifted there too."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agentic.models import Audit, User
from agents.models import Agent
from decisions.models import Stop
from tests.decisions.floor import Floor, state_of
from tests.decisions.test_admin import act, site_for

STOPS, ADD = "/admin/decisions/stop/", "/admin/decisions/stop/add/"
AGENTS = "/admin/agents/agent/"


@pytest.fixture
def site(admin: User) -> Client:
    return site_for(admin)


def throw(site: Client, **said: Any) -> str:
    return site.post(ADD, {"reason": "it invents figures", **said}, follow=True).content.decode()


def test_everything_is_stopped_and_goes_on(site: Client, floor: Floor) -> None:
    task_id, _ = floor.working()
    page = throw(site, scope="everything")
    assert "Stopped: everything: all. 1 task went back to the queue." in page
    assert state_of(task_id) == "queued"
    stop = Stop.objects.get()
    assert "Lifted: everything: all." in act(site, STOPS, "lift", stop.pk, reason="mended")
    assert [task["id"] for task in floor.claim()] == [task_id]
    actions = Audit.objects.filter(entity_type="stop").values_list("action", "source")
    assert list(actions) == [("stop.set", "admin"), ("stop.lifted", "admin")]


def test_an_agent_is_stopped_from_its_own_page(site: Client, floor: Floor) -> None:
    task_id, _ = floor.working()
    page = act(site, AGENTS, "stop", floor.agent.pk, reason="it invents figures")
    assert "Stopped: agent: reader. 1 task went back to the queue." in page
    assert (state_of(task_id), Agent.objects.get().status) == ("queued", "maintenance")
    assert "This is stopped already." in act(site, AGENTS, "stop", floor.agent.pk, reason="again")


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"scope": "everything", "reason": ""}, "This field is required"),
        ({"scope": ""}, "This field is required"),
        ({"scope": "agent"}, "goes with the scope"),
        ({"scope": "task_type"}, "goes with the scope"),
        ({"scope": "everything", "task_type": "refund"}, "goes with the scope"),
        ({"scope": "task_type", "task_type": "a\0"}, "Null characters are not allowed"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_stops(
    site: Client, floor: Floor, said: dict[str, str], text: str
) -> None:
    assert text in throw(site, **said)
    assert not Stop.objects.exists()


def test_a_second_stop_of_the_same_is_a_message(site: Client, floor: Floor) -> None:
    throw(site, scope="task_type", task_type="refund")
    assert "This is stopped already." in throw(site, scope="task_type", task_type="refund")
    assert Stop.objects.count() == 1


def test_a_manager_looks_and_throws_nothing(manager: User, admin: User, floor: Floor) -> None:
    throw(site_for(admin), scope="everything")
    site, stop = site_for(manager), Stop.objects.get()
    assert "it invents figures" in site.get(STOPS).content.decode()
    assert site.get(f"{STOPS}{stop.pk}/change/").status_code == 200
    assert site.get(ADD).status_code == site.post(ADD, {}).status_code == 403
    act(site, STOPS, "lift", stop.pk, reason="because")
    act(site, AGENTS, "stop", floor.agent.pk, reason="because")
    assert list(Stop.objects.values_list("scope", "lifted_at")) == [("everything", None)]


def test_nobody_else_sees_them(reviewer: User, viewer: User) -> None:
    for person in (reviewer, viewer):
        assert site_for(person).get(STOPS).status_code == 403


def test_the_first_page_shows_that_something_is_stopped(site: Client, floor: Floor) -> None:
    throw(site, scope="everything")
    shown = {figure.name: figure for figure in site.get("/admin/").context["figures"]}
    assert (shown["stops that are on"].number, shown["stops that are on"].tone) == ("1", "bad")
    page = site.get(shown["stops that are on"].address).content.decode()
    assert "it invents figures" in page
