"""Training jobs by HTTP: asked for, recorded, and waiting for a trainer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentic.ids import new_id
from agentic.models import Audit, User
from agents.models import Agent
from mlregistry.models import TrainingJob
from tests.conftest import Api
from tests.mlregistry.shelf import noted

ClientFor = Callable[[User | str | None], Api]
JOBS = "/admin/training-jobs"
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def api(client_for: ClientFor, manager: User) -> Api:
    return client_for(manager)


@pytest.fixture
def said(agent: Agent) -> dict[str, Any]:
    return {"model_name": "digits", "agent_id": str(agent.pk)}


def test_a_job_waits_for_a_trainer_and_says_so(
    api: Api, said: dict[str, Any], manager: User
) -> None:
    answer = api.post(JOBS, said)
    job = TrainingJob.objects.get()
    assert answer.status_code == 201
    assert answer.json() == {
        "job_id": str(job.pk),
        "status": "pending",
        "message": "The job is recorded. It waits until a trainer takes it.",
    }
    assert (job.status, job.created_by, job.started_at, job.progress) == (
        "pending",
        manager,
        None,
        0,
    )


def test_what_it_is_to_learn_from_is_kept(api: Api, said: dict[str, Any]) -> None:
    examples = [str(new_id()) for _ in range(3)]
    api.post(JOBS, said | {"config": {"epochs": 3}, "feedback_ids": [*examples, examples[0]]})
    job = TrainingJob.objects.get()
    assert (job.config, job.feedback_ids) == ({"epochs": 3}, examples)
    assert noted() == [
        (
            "training.requested",
            {
                "after": {
                    "model_name": "digits",
                    "agent_id": said["agent_id"],
                    "trainer": "",
                    "seed": 0,
                },
                "before": None,
                "feedback": 3,
            },
        )
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("agent_id", NOBODY),
        ("agent_id", "nobody"),
        ("model_name", ""),
        ("model_name", "a\0"),
        ("config", []),
        ("config", {"a": "x" * 70_000}),
        ("feedback_ids[0]", ["1"]),
        ("feedback_ids", [NOBODY] * 10_001),
        ("trainer", "os.system"),
        ("trainer", None),
        ("seed", -1),
        ("seed", 2**31),
        ("seed", "1"),
    ],
)
def test_bad_input_names_the_field(api: Api, said: dict[str, Any], field: str, value: Any) -> None:
    answer = api.post(JOBS, said | {field.removesuffix("[0]"): value})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert not TrainingJob.objects.exists()


def test_jobs_are_listed_newest_first_in_pages(api: Api, said: dict[str, Any]) -> None:
    made = [api.post(JOBS, said).json()["job_id"] for _ in range(3)]
    first = api.get(JOBS, limit=2).json()
    second = api.get(JOBS, limit=2, cursor=first["next"]).json()
    assert [job["id"] for job in first["jobs"] + second["jobs"]] == made[::-1]
    assert second["next"] is None
    assert len(api.get(JOBS, status="pending").json()["jobs"]) == 3
    assert api.get(JOBS, status="running").json()["jobs"] == []


def test_no_agent_is_needed(api: Api) -> None:
    answer = api.post(JOBS, {"model_name": "review_risk", "agent_id": None, "seed": 7})
    job = TrainingJob.objects.get()
    assert (answer.status_code, job.agent, job.seed, job.trainer) == (201, None, 7, "")


def test_a_trainer_is_one_of_those_that_the_settings_name(api: Api, said: dict[str, Any]) -> None:
    assert api.post(JOBS, said | {"trainer": "calibration"}).status_code == 201
    answer = api.post(JOBS, said | {"trainer": "mine"})
    assert answer.json()["errors"] == {"trainer": ["one of calibration, review_risk"]}


def test_a_job_tells_all_that_it_rests_on(api: Api, said: dict[str, Any], agent: Agent) -> None:
    job_id = api.post(JOBS, said | {"config": {"a": 1}}).json()["job_id"]
    TrainingJob.objects.update(log="12:00:00 so far", metrics={"auc": 0.9}, error="no")
    job = api.get(f"{JOBS}/{job_id}").json()
    assert job["agent_id"] == str(agent.pk)
    assert (job["log"], job["metrics"], job["error"]) == ("12:00:00 so far", {"auc": 0.9}, "no")
    assert {"seed", "code_version", "data_set_digest", "config", "taken_count"} <= set(job)
    assert "lease_token" not in job


def test_a_job_leads_to_the_versions_that_it_made(api: Api, said: dict[str, Any]) -> None:
    job_id = api.post(JOBS, said).json()["job_id"]
    about = {"name": "digits", "version": "1", "agent_id": said["agent_id"]}
    made = api.post("/admin/models", about | {"training_job_id": job_id}).json()["id"]
    assert api.get(f"{JOBS}/{job_id}").json()["models"] == [made]


def test_it_is_called_off_once_and_noted(api: Api, said: dict[str, Any]) -> None:
    path = f"{JOBS}/{api.post(JOBS, said).json()['job_id']}/cancel"
    answer = api.post(path, {"reason": "the wrong examples"})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")
    assert Audit.objects.latest("number").reason == "the wrong examples"
    assert noted()[-1][0] == "training.cancelled"
    again = api.post(path)
    assert (again.status_code, again.json()["code"]) == (409, "illegal_move")
    assert (again.json()["state"], again.json()["legal"]) == ("cancelled", [])


def test_one_that_is_not_there_is_not_found(api: Api) -> None:
    for answer in (
        api.get(f"{JOBS}/{NOBODY}"),
        api.post(f"{JOBS}/{NOBODY}/cancel"),
        api.get(f"{JOBS}/x"),
    ):
        assert answer.status_code == 404


def test_who_may(client_for: ClientFor, viewer: User, reviewer: User, said: dict[str, Any]) -> None:
    for person in (viewer, reviewer):
        assert client_for(person).get(JOBS).status_code == 403
        assert client_for(person).get(f"{JOBS}/{NOBODY}").status_code == 403
        assert client_for(person).post(f"{JOBS}/{NOBODY}/cancel").status_code == 403
        assert client_for(person).post(JOBS, said).status_code == 403
    assert not TrainingJob.objects.exists()
