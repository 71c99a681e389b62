"""The registry of models by HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentic.actors import Actor
from agentic.ids import new_id
from agentic.models import User
from agents.models import Agent
from mlregistry.models import RegisteredModel, TrainingJob
from tests.conftest import Api
from tests.mlregistry.shelf import history, live, noted, story, versions

ClientFor = Callable[[User | str | None], Api]
MODELS = "/admin/models"
HOSTILE = [
    "/etc/passwd", "../secrets", "a/../../b", "a/..", "..", ".", "a/./b", "a//b", "a/", "file:///etc/passwd",
    "http://10.0.0.7/model", "s3://bucket/model", "C:/model", "C:\\model", "\\\\host\\share", "a\\..\\b", "~/model",
    "%2e%2e/secrets", "a\nb", "a\u202eb", "a b /c", " a", "\uff0e\uff0e\uff0fa", "data:text/plain,x", "${HOME}/x",
    "a|b",
]  # fmt: skip


@pytest.fixture
def api(client_for: ClientFor, manager: User) -> Api:
    return client_for(manager)


@pytest.fixture
def said(agent: Agent) -> dict[str, Any]:
    return {"name": "digits", "version": "1.0", "agent_id": str(agent.pk)}


def field_of(answer: Any) -> list[str]:
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    return list(answer.json()["errors"])


def test_a_version_is_entered_and_is_not_live(
    api: Api, said: dict[str, Any], manager: User
) -> None:
    more = {"metrics": {"accuracy": 0.97, "n": 800}, "artifact_path": "digits/v1/model.onnx"}
    answer = api.post(MODELS, said | more)
    model = RegisteredModel.objects.get()
    assert answer.status_code == 201
    assert answer.json() == said | more | {
        "id": str(model.pk),
        "training_job_id": None,
        "format": "",
        "sha256": "",
        "size": None,
        "is_active": False,
        "created_by_id": str(manager.pk),
        "created_at": answer.json()["created_at"],
    }
    assert story(model) == [(1, "model.registered")]
    assert [action for action, _ in noted()] == ["model.registered"]


def test_it_can_go_live_at_once(api: Api, said: dict[str, Any], agent: Agent) -> None:
    api.post(MODELS, said | {"is_active": True})
    answer = api.post(MODELS, said | {"version": "2.0", "is_active": True})
    assert (answer.status_code, answer.json()["is_active"]) == (201, True)
    assert (live(), history()) == (["2.0"], [("1.0", True), ("2.0", False)])
    assert [action for action, _ in noted()] == ["model.registered", "model.activated"] * 2


def test_a_version_is_there_once(api: Api, said: dict[str, Any]) -> None:
    api.post(MODELS, said)
    again = api.post(MODELS, said | {"is_active": True})
    assert (again.status_code, list(again.json()["errors"])) == (409, ["version"])
    assert (RegisteredModel.objects.count(), live()) == (1, [])


@pytest.mark.parametrize("field", ["agent_id", "training_job_id"])
def test_what_it_names_must_be_there(api: Api, said: dict[str, Any], field: str) -> None:
    assert field_of(api.post(MODELS, said | {field: str(new_id())})) == [field]
    assert not RegisteredModel.objects.exists()


@pytest.mark.parametrize("path", HOSTILE)
def test_a_path_that_leads_somewhere_is_refused(api: Api, said: dict[str, Any], path: str) -> None:
    assert field_of(api.post(MODELS, said | {"artifact_path": path})) == ["artifact_path"]
    assert not RegisteredModel.objects.exists()


@pytest.mark.parametrize(
    "path", ["model.onnx", "größe/v1/m.onnx", "a b/c", ".hidden/x", "v1..2/m", "x" * 500]
)
def test_a_label_is_kept_as_it_was_said(api: Api, said: dict[str, Any], path: str) -> None:
    answer = api.post(MODELS, said | {"artifact_path": path})
    assert (answer.status_code, answer.json()["artifact_path"]) == (201, path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", " digits"),
        ("name", "x" * 201),
        ("name", "a\0"),
        ("version", ""),
        ("version", "1 0"),
        ("version", "\ud800"),
        ("agent_id", "1"),
        ("metrics", [1]),
        ("metrics", {"a": 10**40}),
        ("metrics", {"a": "x" * 70_000}),
        ("artifact_path", "x" * 501),
        ("artifact_path", "a\0"),
        ("is_active", "yes"),
        ("path", "unknown"),
    ],
)
def test_bad_input_names_the_field(api: Api, said: dict[str, Any], field: str, value: Any) -> None:
    assert field_of(api.post(MODELS, said | {field: value})) == [field]
    assert not RegisteredModel.objects.exists()


def test_activation_answers_as_the_contract_says(api: Api, operator: Actor, agent: Agent) -> None:
    (model,) = versions(operator, agent, "1")
    for _ in range(2):
        answer = api.post(f"{MODELS}/{model.pk}/activate")
        assert answer.status_code == 200
        assert answer.json() == {"status": "activated", "model_id": str(model.pk)}
    assert history() == [("1", False)]


def test_of_two_that_replace_the_same_the_second_learns_what_is_live(
    api: Api, operator: Actor, agent: Agent
) -> None:
    one, two, three = versions(operator, agent, "1", "2", "3")
    first = api.post(f"{MODELS}/{one.pk}/activate", {"replaces": None})
    second = api.post(f"{MODELS}/{two.pk}/activate", {"replaces": str(one.pk)})
    late = api.post(f"{MODELS}/{three.pk}/activate", {"replaces": str(one.pk)})
    assert [answer.status_code for answer in (first, second, late)] == [200, 200, 409]
    problem = late.json()
    assert (problem["code"], problem["live"]) == (
        "conflict",
        {"id": str(two.pk), "version": "2"},
    )
    assert live() == ["2"]


@pytest.mark.parametrize("body", [{"replaces": "x"}, {"replaces": 1}])
def test_what_it_replaces_is_an_id(
    api: Api, operator: Actor, agent: Agent, body: dict[str, Any]
) -> None:
    (one,) = versions(operator, agent, "1")
    assert field_of(api.post(f"{MODELS}/{one.pk}/activate", body)) == ["replaces"]
    assert api.post(f"{MODELS}/{new_id()}/activate", body).status_code == 404


@pytest.mark.parametrize("name", ["00000000-0000-0000-0000-000000000000", "digits", "1"])
def test_a_model_that_is_not_there_is_404(api: Api, db: None, name: str) -> None:
    assert api.post(f"{MODELS}/{name}/activate").status_code == 404


def test_versions_are_listed_newest_first_in_pages(api: Api, operator: Actor, agent: Agent) -> None:
    versions(operator, agent, *"abcde")
    seen: list[str] = []
    cursor = None
    for _ in range(3):
        page = api.get(MODELS, limit=2, **({"cursor": cursor} if cursor else {})).json()
        seen += [model["version"] for model in page["models"]]
        cursor = page["next"]
    assert (seen, cursor) == (list("edcba"), None)


def test_a_list_can_be_narrowed(api: Api, operator: Actor, agent: Agent) -> None:
    one, _ = versions(operator, agent, "1", "2")
    api.post(f"{MODELS}/{one.pk}/activate")

    def found(**query: Any) -> list[str]:
        return [model["version"] for model in api.get(MODELS, **query).json()["models"]]

    assert found(active_only="true") == found(active_only="True", agent_id=agent.pk) == ["1"]
    assert found(active_only="false") == ["2", "1"]
    assert found(agent_id=new_id()) == []


@pytest.mark.parametrize(
    "query",
    [
        {"agent_id": "x"},
        {"active_only": "perhaps"},
        {"limit": "0"},
        {"limit": "-1"},
        {"cursor": "x"},
    ],
)
def test_an_odd_question_is_refused(api: Api, db: None, query: dict[str, str]) -> None:
    assert field_of(api.get(MODELS, **query)) == list(query)


def test_who_may(client_for: ClientFor, viewer: User, reviewer: User, said: dict[str, Any]) -> None:
    for person in (viewer, reviewer):
        assert client_for(person).get(MODELS).status_code == 200
        assert client_for(person).post(MODELS, said).status_code == 403
    assert not RegisteredModel.objects.exists()


def test_counters_count_models_and_jobs(api: Api, operator: Actor, agent: Agent) -> None:
    one, _ = versions(operator, agent, "1", "2")
    api.post(f"{MODELS}/{one.pk}/activate")
    api.post("/admin/training-jobs", {"model_name": "digits", "agent_id": str(agent.pk)})
    stats = api.get("/admin/stats").json()
    assert stats["models"] == {"total": 2, "active": 1}
    assert stats["training_jobs"] == {"pending": TrainingJob.objects.count(), "running": 0}
