"""Models and jobs in the admin site: the same rules and services as the API."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agentic.actors import Actor
from agentic.models import Event, User
from agents.models import Agent
from mlregistry.models import Activation, RegisteredModel, TrainingJob
from mlregistry.services.activation import activate_model
from mlregistry.services.training import request_training_job
from tests.agents.test_admin_site import act, site_for
from tests.mlregistry.shelf import live, versions

TABLES = (RegisteredModel, Activation, TrainingJob)
MODELS = "/admin/mlregistry/registeredmodel/"


@pytest.fixture
def site(manager: User) -> Client:
    return site_for(manager)


def list_of(table: type[Any]) -> str:
    return reverse(f"admin:mlregistry_{table._meta.model_name}_changelist")


def page_of(row: Any) -> str:
    return reverse(f"admin:mlregistry_{row._meta.model_name}_change", args=[row.pk])


def some_of_everything(operator: Actor, agent: Agent, times: int) -> None:
    for number in range(times):
        job = request_training_job(actor=operator, model_name="digits", agent_id=agent.pk)
        count = RegisteredModel.objects.count()
        (model,) = versions(operator, agent, f"{count}-{number}")
        RegisteredModel.objects.filter(pk=model.pk).update(training_job=job)
        activate_model(actor=operator, model_id=model.pk)


@pytest.mark.parametrize("table", TABLES)
def test_a_list_costs_the_same_however_long_it_is(
    site: Client, operator: Actor, agent: Agent, table: type[Any]
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert site.get(list_of(table)).status_code == 200
        return len(queries)

    some_of_everything(operator, agent, 1)
    first = cost()
    some_of_everything(operator, agent, 4)
    assert cost() == first


@pytest.mark.parametrize("table", TABLES)
def test_rows_are_found_shown_and_never_edited(
    site: Client, operator: Actor, agent: Agent, table: type[Any]
) -> None:
    some_of_everything(operator, agent, 2)
    row = table.objects.first()
    assert "digits" in site.get(list_of(table), {"q": "digits"}).content.decode()
    assert "digits" in site.get(page_of(row)).content.decode()
    assert site.post(page_of(row), {"name": "x"}).status_code == 403
    assert site.get(list_of(table) + "add/").status_code == 403
    assert site.post(page_of(row).replace("change", "delete"), {"post": "yes"}).status_code == 403


def test_a_version_goes_live_and_is_rolled_back_through_the_services(
    site: Client, manager: User, operator: Actor, agent: Agent
) -> None:
    one, two = versions(operator, agent, "1", "2")
    assert "No version of it is live now." in act(site, MODELS, "activate", one)
    assert "Digits 1 is live." in act(site, MODELS, "activate", one, replaces="")
    page = act(site, MODELS, "activate", two)
    assert ("digits 1 is live now, and retires." in page, str(one.pk) in page) == (True, True)
    act(site, MODELS, "activate", two, replaces=one.pk)
    assert live() == ["2"]
    assert "Digits 1 is live." in act(site, MODELS, "roll_back", two)
    assert live() == ["1"]
    event = Event.objects.filter(event_type="model.activated").latest("position")
    assert (event.source, event.user_id) == ("admin", manager.pk)


def test_what_cannot_be_rolled_back_is_named(site: Client, operator: Actor, agent: Agent) -> None:
    (one,) = versions(operator, agent, "1")
    assert "“digits 1”: This version is not live" in act(site, MODELS, "roll_back", one)


def test_who_decided_by_an_older_page_is_told_what_is_live(
    site: Client, operator: Actor, agent: Agent
) -> None:
    one, two, three = versions(operator, agent, "1", "2", "3")
    for model in (one, two):
        activate_model(actor=operator, model_id=model.pk)
    told = act(site, MODELS, "activate", three, replaces=one.pk)
    assert ("digits 2 is live now." in told, live()) == (True, ["2"])


def test_one_version_goes_live_at_a_time(site: Client, operator: Actor, agent: Agent) -> None:
    one, two = versions(operator, agent, "1", "2")
    assert "Choose one version." in act(site, MODELS, "activate", one, two)
    assert live() == []


def test_a_viewer_looks_at_models_and_changes_nothing(
    viewer: User, operator: Actor, agent: Agent
) -> None:
    site = site_for(viewer)
    (one,) = versions(operator, agent, "1")
    assert "digits" in site.get(MODELS).content.decode()
    act(site, MODELS, "activate", one)
    assert live() == []
    assert site.get(list_of(TrainingJob)).status_code == 403
