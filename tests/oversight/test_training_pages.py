"""Training jobs on their pages: asked for by a form, called off by a button that is there only while it helps."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from agentic.actors import Actor
from agentic.models import Audit, User
from agents.models import Agent
from mlregistry.models import TrainingJob
from mlregistry.services.leases import take
from mlregistry.services.training import cancel_training_job, request_training_job
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def site(browse: Browse, manager: User) -> Client:
    return browse(manager)


@pytest.fixture
def job(operator: Actor) -> TrainingJob:
    return request_training_job(actor=operator, model_name="review_risk", config={"folds": 5})


def page_of(job: TrainingJob) -> str:
    return reverse("training_job", args=[job.pk])


def cancel_of(job: TrainingJob) -> str:
    return reverse("training_cancel", args=[job.pk])


def start(site: Client, **said: Any) -> Any:
    return site.post(reverse("training_start"), {"model_name": "review_risk", **said}, headers=HTMX)


def test_a_job_is_asked_for_by_a_form(site: Client, agent: Agent, manager: User) -> None:
    answer = start(site, agent_id=agent.pk, trainer="calibration", seed="7", config='{"a": 1}')
    made = TrainingJob.objects.get()
    assert "done" in answer.headers["HX-Trigger"]
    assert (made.model_name, made.agent, made.trainer, made.seed) == (
        "review_risk",
        agent,
        "calibration",
        7,
    )
    assert (made.config, made.created_by) == ({"a": 1}, manager)


def test_without_a_script_the_form_leads_to_the_job(site: Client) -> None:
    answer = site.post(reverse("training_start"), {"model_name": "calibration"})
    made = TrainingJob.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, page_of(made))
    assert (made.config, made.seed, made.agent_id) == ({}, 0, None)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"model_name": " "}, "model_name"),
        ({"trainer": "os.system"}, "trainer"),
        ({"seed": "-1"}, "seed"),
        ({"seed": "9" * 30}, "seed"),
        ({"config": "{"}, "config"),
        ({"config": "[1]"}, "config"),
        ({"config": '{"a": NaN}'}, ""),
        ({"config": "[" * 100_000}, "config"),
        ({"config": '{"a": "\\u0000"}'}, "config"),
        ({"agent_id": "x"}, "agent_id"),
        ({"agent_id": "00000000-0000-4000-8000-000000000000"}, "agent_id"),
    ],
)
def test_what_is_filled_in_wrongly_is_named(site: Client, said: dict[str, str], named: str) -> None:
    answer = start(site, **said)
    assert answer.status_code == 400
    assert named in answer.content.decode()
    assert not TrainingJob.objects.exists()


def test_the_form_offers_what_there_is(site: Client, agent: Agent) -> None:
    said = site.get(reverse("training_jobs")).content.decode()
    for choice in ("review_risk", "calibration", agent.name):
        assert f">{choice}</option>" in said


def test_a_job_is_called_off_with_a_reason(site: Client, job: TrainingJob) -> None:
    assert cancel_of(job) in site.get(page_of(job)).content.decode()
    assert site.post(cancel_of(job), {}, headers=HTMX).status_code == 400
    answer = site.post(cancel_of(job), {"reason": "not now"}, headers=HTMX)
    assert "It is called off." in answer.content.decode()
    job.refresh_from_db()
    assert (job.status, Audit.objects.latest("number").reason) == ("cancelled", "not now")
    assert cancel_of(job) not in site.get(page_of(job)).content.decode()


def test_one_that_runs_is_shown_to_stop_soon(
    site: Client, job: TrainingJob, operator: Actor
) -> None:
    take(job.pk, actor=operator)
    answer = site.post(cancel_of(job), {"reason": "not now"}, headers=HTMX)
    assert "next word" in answer.content.decode()
    said = site.get(page_of(job)).content.decode()
    assert "It was called off" in said
    assert cancel_of(job) not in said
    assert "stops soon" in site.get(reverse("training_jobs")).content.decode()


def test_one_that_has_ended_is_not_called_off(
    site: Client, job: TrainingJob, operator: Actor
) -> None:
    cancel_training_job(actor=operator, job_id=job.pk)
    assert site.post(cancel_of(job), {"reason": "x"}, headers=HTMX).status_code == 409


def test_the_page_tells_what_it_rests_on_and_what_came_of_it(
    site: Client, job: TrainingJob
) -> None:
    TrainingJob.objects.update(
        metrics={"auc": 0.91, "odd": HOSTILE},
        log=HOSTILE,
        error=HOSTILE,
        code_version="1c" * 32,
        data_set_digest="9f" * 32,
        seed=42,
    )
    said = site.get(page_of(job)).content.decode()
    for text in ("0.91", "1c" * 32, "9f" * 32, "<dd>42</dd>", "folds"):
        assert text in said
    assert HOSTILE not in said
    assert said.count("&lt;img src=x") >= 3


def test_it_tells_who_asked(site: Client, job: TrainingJob, operator: Actor) -> None:
    assert "by ada" in site.get(page_of(job)).content.decode()
    TrainingJob.objects.update(created_by=None, trigger="verdicts")
    assert "after new verdicts" in site.get(page_of(job)).content.decode()


def test_its_parts_are_told_of_what_happens_to_jobs(site: Client, job: TrainingJob) -> None:
    for address in (page_of(job), reverse("training_jobs")):
        assert 'data-live="jobs"' in site.get(address).content.decode()


def test_the_part_alone_has_no_form_to_start(site: Client) -> None:
    """It fetches itself, while somebody fills in the form beside it."""
    part = site.get(reverse("training_jobs"), headers=HTMX).content.decode()
    assert reverse("training_start") not in part
