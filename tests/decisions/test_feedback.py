"""How a task turned out: told by people and programs, read by the agent that it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agentic.models import Event, User
from decisions.models import Decision, Feedback, Task
from tests.conftest import Api
from tests.decisions.floor import Floor

ClientFor = Callable[[User | str | None], Api]


@pytest.fixture
def task(floor: Floor) -> Task:
    return done(floor)


def done(floor: Floor) -> Task:
    """Handed in by the agent, and waits for a person."""
    task_id = floor.queue()
    token = floor.take(task_id)
    floor.ack(task_id, token, start=True)
    floor.complete(task_id, token)
    return Task.objects.get(pk=task_id)


def path(task: Task) -> str:
    return f"/decisions/task/{task.pk}/feedback"


@pytest.mark.parametrize(
    "told",
    [
        {"feedback_type": "user_rating", "rating": 5, "comment": "thanks"},
        {"feedback_type": "outcome_result", "correct": False},
        {"feedback_type": "performance_metric", "metric": "seconds", "value": 12.5},
    ],
    ids=lambda told: told["feedback_type"],
)
def test_it_is_kept_with_whom_it_is_from_and_about(
    client_for: ClientFor, manager: User, task: Task, told: dict[str, Any]
) -> None:
    answer = client_for(manager).post(path(task), told)
    assert answer.status_code == 201
    row = Feedback.objects.get(pk=answer.json()["feedback_id"])
    assert row.content == {name: value for name, value in told.items() if name != "feedback_type"}
    assert (row.source_user, row.agent) == (manager, task.attempts.get().agent)
    event = Event.objects.get(event_type="task.feedback_given")
    assert (event.entity_id, event.data["feedback_id"]) == (task.pk, str(row.pk))


@pytest.mark.parametrize(
    ("told", "wrong"),
    [
        ({"feedback_type": "user_rating"}, "rating"),
        ({"feedback_type": "user_rating", "rating": 6}, "rating"),
        ({"feedback_type": "user_rating", "rating": 3, "correct": True}, "correct"),
        ({"feedback_type": "performance_metric", "metric": "seconds"}, "value"),
        ({"feedback_type": "human_correction"}, "feedback_type"),
    ],
    ids=range(5),
)
def test_what_does_not_fit_its_kind_is_refused_by_name(
    client_for: ClientFor, manager: User, task: Task, told: dict[str, Any], wrong: str
) -> None:
    answer = client_for(manager).post(path(task), told)
    assert answer.status_code == 400
    assert wrong in answer.json()["errors"]
    assert not Event.objects.filter(event_type="task.feedback_given").exists()


def test_a_decision_of_another_task_is_not_this_tasks(
    client_for: ClientFor, manager: User, task: Task, floor: Floor
) -> None:
    other = done(floor).decisions.get()
    told = {"feedback_type": "outcome_result", "correct": True, "decision_id": str(other.pk)}
    answer = client_for(manager).post(path(task), told)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["decision_id"])


def test_the_agent_reads_what_concerns_it_page_by_page(
    client_for: ClientFor, manager: User, task: Task, agent_key: str
) -> None:
    for rating in (1, 2, 3):
        said = {"feedback_type": "user_rating", "rating": rating}
        client_for(manager).post(path(task), said)
    api = client_for(agent_key)
    first = api.get("/worker/feedback", limit=2).json()
    assert [one["content"]["rating"] for one in first["feedback"]] == [1, 2]
    second = api.get("/worker/feedback", limit=2, after=first["next"]).json()
    assert [one["content"]["rating"] for one in second["feedback"]] == [3]
    assert second["next"] is None


def test_what_is_told_of_a_decision_is_kept_with_what_that_rested_on(
    client_for: ClientFor, manager: User, task: Task
) -> None:
    decision = task.decisions.get()
    Decision.objects.update(predicted_risk=0.25, model_version="v7", recalibrated_confidence=0.5)
    told = {"feedback_type": "outcome_result", "correct": True, "decision_id": str(decision.pk)}
    assert client_for(manager).post(path(task), told).status_code == 201
    assert Feedback.objects.get().content == {
        "correct": True,
        "rested_on": {
            "route": "person",
            "policy_version": decision.policy_version,
            "model_version": "v7",
            "predicted_risk": 0.25,
            "recalibrated_confidence": 0.5,
        },
    }


def test_an_override_is_an_example_of_what_it_took_the_place_of(task: Task, floor: Floor) -> None:
    decision = task.decisions.get()
    Decision.objects.update(predicted_risk=0.25, model_version="v7")
    floor.override(task.pk)
    example = Feedback.objects.get()
    assert (example.decision, example.agent) == (decision, floor.agent)
    assert example.content["seen_with_probability"] == 1
    rested = example.content["rested_on"]
    assert (rested["predicted_risk"], rested["model_version"]) == (0.25, "v7")


def test_an_override_of_no_proposal_says_so(floor: Floor) -> None:
    floor.override(floor.queue())
    content = Feedback.objects.get().content
    assert content["proposal"] is content["seen_with_probability"] is None
    assert set(content["rested_on"].values()) == {None}


def test_the_agent_is_not_told_what_the_platform_made_of_it(
    client_for: ClientFor, floor: Floor, task: Task, agent_key: str
) -> None:
    floor.review(task.decisions.get().pk, "approve")
    (said,) = client_for(agent_key).get("/worker/feedback").json()["feedback"]
    assert said["content"]["verdict"] == "approve"
    assert "rested_on" not in said["content"]
