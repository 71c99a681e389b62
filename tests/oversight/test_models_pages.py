"""Models and training jobs on their pages: versions side by side, what was live when, and what goes live."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agentic.actors import Actor
from agentic.models import Audit, User
from agents.models import Agent
from mlregistry.models import Activation, RegisteredModel, TrainingJob
from mlregistry.services.activation import activate_model, roll_back_model
from mlregistry.services.registration import register_model
from mlregistry.services.training import request_training_job
from oversight.live_times import WIDTH, strip
from oversight.selectors import models as selector
from oversight.selectors import training
from tests.mlregistry.shelf import history, live, versions
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>/{{ 7 }} ?#%"
ESCAPED = "&lt;img src=x onerror=alert(1)&gt;/{{ 7 }} ?#%"


@pytest.fixture
def site(browse: Browse, manager: User) -> Client:
    return browse(manager)


@pytest.fixture
def shelf(operator: Actor, agent: Agent) -> list[RegisteredModel]:
    """Three versions of one model; the second is live, after the first."""
    found = versions(operator, agent, "1", "2", "3")
    for model in found[:2]:
        activate_model(actor=operator, model_id=model.pk)
    return found


def address(name: str = "digits") -> str:
    return reverse("model", args=[name])


def activation(model: RegisteredModel) -> str:
    return reverse("model_activate", args=[model.pk])


def test_each_model_stands_there_with_what_is_live(
    site: Client, shelf: list[RegisteredModel], operator: Actor, agent: Agent
) -> None:
    versions(operator, agent, "a", name="another")
    shelves = site.get(reverse("models")).context["shelves"]
    assert [(one.name, one.versions) for one in shelves] == [("another", 1), ("digits", 3)]
    assert [one.live and one.live.model for one in shelves] == [None, shelf[1]]


def test_models_come_page_by_page(
    site: Client, operator: Actor, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abcde":
        versions(operator, agent, "1", name=name)
    monkeypatch.setattr(selector, "PAGE", 2)
    monkeypatch.setattr("oversight.pages.models.PAGE", 2)
    found, after = [], ""
    while True:
        context = site.get(reverse("models"), {"after": after}).context
        found += [one.name for one in context["shelves"]]
        if not (after := context["next"]):
            break
    assert found == [*"abcde"]


def test_an_empty_registry_says_how_to_fill_it(site: Client) -> None:
    assert b"No model is registered yet" in site.get(reverse("models")).content


def test_a_model_that_is_not_there_is_not_found(site: Client) -> None:
    assert site.get(address("nobody")).status_code == 404


def test_its_versions_and_its_history_stand_there(
    site: Client, shelf: list[RegisteredModel]
) -> None:
    context = site.get(address()).context
    assert context["versions"] == shelf[::-1]
    assert context["live"].model == shelf[1]
    assert context["earlier"].model == shelf[0]
    assert [one.model for one in context["activations"]] == [shelf[1], shelf[0]]


def test_metrics_stand_beside_those_of_the_live_version(
    site: Client, operator: Actor, agent: Agent
) -> None:
    about: dict[str, Any] = {"actor": operator, "name": "m", "agent_id": agent.pk}
    old = register_model(**about, version="1", metrics={"test": {"f1": 0.5}}, is_active=True)
    new = register_model(**about, version="2", metrics={"test": {"f1": 0.75}, "loss": 0.1})
    context = site.get(address("m")).context
    assert context["beside"] == [old, new]
    assert context["metrics"] == [
        ("loss", [(None, "", None), (0.1, "", None)]),
        ("test.f1", [(0.5, "", None), (0.75, "+0.25", None)]),
    ]


def test_figures_stand_there_with_their_interval_and_n(
    site: Client, operator: Actor, agent: Agent
) -> None:
    about: dict[str, Any] = {"actor": operator, "name": "m", "agent_id": agent.pk}
    told = {"value": 0.8, "low": 0.7123, "high": 0.9456, "n": 41}
    register_model(**about, version="1", metrics={"auc": 0.5}, is_active=True)
    register_model(**about, version="2", metrics={"auc": told})
    answer = site.get(address("m"))
    ((_, (plain, whole)),) = answer.context["metrics"]
    assert (plain.figure, whole.value, whole.change) == (None, 0.8, "+0.3")
    text = answer.content.decode()
    assert "0.7123 to 0.9456" in text
    assert "n = 41" in text


def test_one_chooses_what_is_compared(site: Client, shelf: list[RegisteredModel]) -> None:
    context = site.get(address(), {"v": ["1", "3", "no such version"]}).context
    assert context["beside"] == [shelf[2], shelf[0]]


@pytest.mark.parametrize("value", [True, "0.9", None, [1], {}, {"a": {"b": {"c": {"d": 1}}}}])
def test_any_metric_can_be_shown(site: Client, operator: Actor, agent: Agent, value: Any) -> None:
    about: dict[str, Any] = {"actor": operator, "name": "m", "agent_id": agent.pk}
    for version in ("1", "2"):
        register_model(**about, version=version, metrics={"odd": value, "n": 7})
    assert site.get(address("m")).status_code == 200


def test_a_version_goes_live_with_the_reason_in_the_audit_log(
    site: Client, shelf: list[RegisteredModel], manager: User
) -> None:
    said = {"reason": "better", "replaces": str(shelf[1].pk)}
    answer = site.post(activation(shelf[2]), said)
    assert (answer.status_code, answer["Location"]) == (302, address())
    assert live() == ["3"]
    noted = Audit.objects.latest("number")
    assert (noted.action, noted.reason, noted.user_id) == ("model.activated", "better", manager.pk)


def test_htmx_is_told_in_a_toast(site: Client, shelf: list[RegisteredModel]) -> None:
    said = {"reason": "better", "replaces": str(shelf[1].pk)}
    answer = site.post(activation(shelf[2]), said, headers=HTMX)
    assert b"digits 3 is live now." in answer.content
    assert answer["HX-Trigger"]


def test_a_page_that_is_out_of_date_makes_nothing_live(
    site: Client, shelf: list[RegisteredModel]
) -> None:
    for replaces in (str(shelf[0].pk), "", str(uuid4())):
        answer = site.post(activation(shelf[2]), {"reason": "x", "replaces": replaces})
        assert answer.status_code == 409
    assert live() == ["2"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"reason": ""},
        {"reason": "x" * 20_000},
        {"reason": "a\0b"},
        {"reason": "x", "replaces": "7"},
    ],
)
def test_what_is_wrong_with_the_form_is_named(
    site: Client, shelf: list[RegisteredModel], said: dict[str, str]
) -> None:
    answer = site.post(activation(shelf[2]), said, headers=HTMX)
    assert answer.status_code == 400
    assert b"reason:" in answer.content or b"replaces:" in answer.content
    assert live() == ["2"]


def test_a_version_is_rolled_back(site: Client, shelf: list[RegisteredModel]) -> None:
    back = reverse("model_roll_back", args=[shelf[1].pk])
    assert site.post(back, {"reason": "it is wrong"}).status_code == 302
    assert live() == ["1"]
    assert Audit.objects.latest("number").reason == "it is wrong"
    assert b"It came back by a roll-back" in site.get(address()).content


def test_a_version_is_taken_out_of_service(site: Client, shelf: list[RegisteredModel]) -> None:
    away = reverse("model_retire", args=[shelf[1].pk])
    assert site.post(away, {"reason": ""}).status_code == 400
    assert site.post(away, {"reason": "it is wrong"}).status_code == 302
    assert live() == []
    assert Audit.objects.latest("number").reason == "it is wrong"
    assert b"No version is live" in site.get(address()).content
    assert site.post(away, {"reason": "again"}).status_code == 409


def test_what_is_not_live_cannot_be_rolled_back(site: Client, shelf: list[RegisteredModel]) -> None:
    back = reverse("model_roll_back", args=[shelf[2].pk])
    assert site.post(back, {"reason": "x"}).status_code == 409
    assert history() == [("1", True), ("2", False)]


def test_who_may_only_look_sees_no_button(
    browse: Browse, viewer: User, shelf: list[RegisteredModel]
) -> None:
    vera = browse(viewer)
    assert b"Make it live" not in vera.get(address()).content
    assert b"Roll back" not in vera.get(address()).content
    assert vera.post(activation(shelf[2]), {"reason": "x"}).status_code == 403
    assert live() == ["2"]


def test_hostile_names_are_shown_and_do_nothing(
    site: Client, operator: Actor, agent: Agent
) -> None:
    register_model(
        actor=operator,
        name=HOSTILE,
        version="'\"><script>",
        agent_id=agent.pk,
        metrics={"<b>": "</td>"},
        is_active=True,
    )
    for page in (reverse("models"), address(HOSTILE)):
        answer = site.get(page)
        assert answer.status_code == 200
        said = answer.content.decode()
        assert ESCAPED in said
        assert "<img" not in said
        assert "<script>" not in said
        assert "<b>" not in said


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("models", {"after": "a\0"}),
        ("model", {"before": "7"}),
        ("model", {"v": "a\0"}),
        ("training_jobs", {"before": "7"}),
        ("training_jobs", {"status": "asleep"}),
    ],
)
def test_it_names_what_cannot_be_asked(
    site: Client, shelf: list[RegisteredModel], page: str, asked: dict[str, str]
) -> None:
    where = address() if page == "model" else reverse(page)
    answer = site.get(where, asked)
    assert answer.status_code == 400
    assert next(iter(asked)) in answer.content.decode()


def test_the_strip_goes_from_the_first_time_until_now() -> None:
    now = datetime(2026, 1, 11, tzinfo=UTC)
    times = [(6, None), (2, 6), (0, 2)]
    rows = [
        Activation(
            number=3 - place,
            model=RegisteredModel(version=str(place)),
            activated_at=now - timedelta(days=10 - begin),
            ended_at=None if end is None else now - timedelta(days=10 - end),
        )
        for place, (begin, end) in enumerate(times)
    ]
    drawn = strip(rows, now)
    assert drawn is not None
    assert [(bar.x, bar.width, bar.is_on) for bar in drawn.bars] == [
        (0.6 * WIDTH, 0.4 * WIDTH, True),
        (0.2 * WIDTH, 0.4 * WIDTH, False),
        (0.0, 0.2 * WIDTH, False),
    ]
    assert strip([], now) is None


def jobs(operator: Actor, agent: Agent, *names: str) -> list[TrainingJob]:
    return [request_training_job(actor=operator, model_name=n, agent_id=agent.pk) for n in names]


def test_jobs_stand_there_the_newest_first(site: Client, operator: Actor, agent: Agent) -> None:
    made = jobs(operator, agent, "a", "b", HOSTILE)
    answer = site.get(reverse("training_jobs"))
    assert answer.context["jobs"] == made[::-1]
    assert ESCAPED in answer.content.decode()
    assert b"<progress" in answer.content


def test_a_list_without_a_job_says_how_one_is_asked_for(site: Client) -> None:
    assert b"No training yet" in site.get(reverse("training_jobs")).content


def test_jobs_are_found_by_status(site: Client, operator: Actor, agent: Agent) -> None:
    made = jobs(operator, agent, "a")
    assert site.get(reverse("training_jobs"), {"status": "pending"}).context["jobs"] == made
    assert site.get(reverse("training_jobs"), {"status": "failed"}).context["jobs"] == []


def test_jobs_come_page_by_page(
    site: Client, operator: Actor, agent: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = jobs(operator, agent, *"abcde")
    monkeypatch.setattr(training, "PAGE", 2)
    monkeypatch.setattr("oversight.pages.training.PAGE", 2)
    found: list[TrainingJob] = []
    before: Any = ""
    while True:
        context = site.get(reverse("training_jobs"), {"before": before}).context
        found += context["jobs"]
        if not (before := context["next"]):
            break
    assert found == made[::-1]


def test_a_job_tells_how_far_it_is_and_what_it_said(
    site: Client, operator: Actor, agent: Agent
) -> None:
    (job,) = jobs(operator, agent, "a")
    TrainingJob.objects.filter(pk=job.pk).update(progress=0.42, log=HOSTILE, error="out of memory")
    said = site.get(reverse("training_job", args=[job.pk])).content.decode()
    assert 'value="42"' in said
    assert ESCAPED in said
    assert "out of memory" in said


def test_a_job_leads_to_what_it_made(site: Client, operator: Actor, agent: Agent) -> None:
    (job,) = jobs(operator, agent, "m")
    made = register_model(
        actor=operator, name="m", version="1", agent_id=agent.pk, training_job_id=job.pk
    )
    card = reverse("model_version", args=[made.pk])
    assert card in site.get(reverse("training_job", args=[job.pk])).content.decode()
    assert reverse("training_job", args=[job.pk]) in site.get(address("m")).content.decode()


def test_a_job_that_is_not_there_is_not_found(site: Client) -> None:
    assert site.get(reverse("training_job", args=[uuid4()])).status_code == 404


def test_a_viewer_is_led_to_no_page_that_stays_closed(
    browse: Browse, viewer: User, operator: Actor, agent: Agent
) -> None:
    (job,) = jobs(operator, agent, "m")
    register_model(actor=operator, name="m", version="1", agent_id=agent.pk, training_job_id=job.pk)
    assert "/training-jobs/" not in browse(viewer).get(address("m")).content.decode()


@pytest.mark.parametrize("page", ["models", "model", "training_jobs"])
def test_ten_rows_take_no_more_queries_than_one(
    site: Client, operator: Actor, agent: Agent, page: str
) -> None:
    where = address() if page == "model" else reverse(page)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert site.get(where).status_code == 200
        return len(captured)

    def add(number: int) -> None:
        model = register_model(
            actor=operator, name="digits", version=str(number), agent_id=agent.pk, is_active=True
        )
        versions(operator, agent, "1", name=f"another {number}")
        jobs(operator, agent, f"job {number}")
        if number > 2:
            roll_back_model(actor=operator, model_id=model.pk)

    for number in (1, 2):
        add(number)
    queries()
    few = queries()
    for number in range(3, 11):
        add(number)
    assert queries() == few
