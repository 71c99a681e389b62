"""What a verdict does to a task, and who may give one."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import connection

from agentic.ids import new_id
from agentic.models import Event, User
from agentic.permissions import Anyone
from agentic.roles import Role
from agentic.routes import Route, api_routes
from agents.permissions import AgentOnly
from decisions import plans, policy
from decisions.assessments import Known
from decisions.models import Decision, Feedback, Review
from decisions.policy import Policy
from decisions.states import State
from tests.conftest import Api, make_person
from tests.decisions.floor import (
    RESULT,
    Floor,
    activate_policy,
    everything,
    pending,
    row,
    sound,
    state_of,
    story,
    told,
)
from tests.decisions.threads import at_once

ClientFor = Callable[[User | str | None], Api]
VERDICTS: dict[str, dict[str, Any]] = {
    "approve": {},
    "edit": {"proposal": {"label": 1}},
    "reject": {"reason_code": "wrong", "reason": "it is a one"},
    "respond": {"reason": "look at the top"},
}
STATUS = {
    "approve": "approved",
    "edit": "edited",
    "reject": "rejected",
    "respond": "responded",
}
AFTER = {
    "approve": ("verified", "task.verified", RESULT),
    "edit": ("verified", "task.verified", {"label": 1}),
    "reject": ("queued", "task.rejected", None),
    "respond": ("queued", "task.responded", None),
}


@pytest.fixture
def judge(client_for: ClientFor, reviewer: User) -> Api:
    return client_for(reviewer)


@pytest.fixture
def worker(client_for: ClientFor, agent_key: str) -> Api:
    return client_for(agent_key)


def handed_in(floor: Floor, **values: Any) -> Decision:
    """The result of a new task, which waits for a person."""
    task_id, token = floor.working(**values)
    floor.complete(task_id, token, confidence=0.6)
    return pending(task_id)


def review(judge: Api, decision: Decision, verdict: str, **more: Any) -> Any:
    said = {"verdict": verdict, **VERDICTS[verdict], **more}
    return judge.post(f"/decisions/decision/{decision.pk}/review", said)


def status_of(decision: Decision) -> str:
    return Decision.objects.get(pk=decision.pk).status


def conflict(answer: Any) -> bool:
    return (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_moves_the_task(floor: Floor, judge: Api, verdict: str) -> None:
    decision = handed_in(floor)
    answer = review(judge, decision, verdict)
    state, event, result = AFTER[verdict]
    assert answer.json() == {
        "decision_id": str(decision.pk),
        "task_id": str(decision.task_id),
        "status": STATUS[verdict],
        "proposal": VERDICTS[verdict].get("proposal", RESULT),
    }
    task = row(decision.task_id)
    assert (task.state, story(task.pk)[-1], task.result) == (state, event, result)
    assert task.retry_count == (verdict == "reject")
    sound(task.pk)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_is_kept_with_who_gave_it_and_why(
    floor: Floor, judge: Api, reviewer: User, verdict: str
) -> None:
    decision = handed_in(floor)
    review(judge, decision, verdict, seconds_spent=12.5)
    kept, said = Review.objects.get(decision=decision), VERDICTS[verdict]
    assert (kept.reviewer, kept.verdict, kept.seconds_spent) == (reviewer, verdict, 12.5)
    assert (kept.reason_code, kept.reason) == (said.get("reason_code", ""), said.get("reason", ""))
    assert (kept.new_proposal, kept.task_id) == (said.get("proposal"), decision.task_id)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_is_an_example_to_learn_from(
    floor: Floor, judge: Api, reviewer: User, verdict: str
) -> None:
    decision = handed_in(floor)
    review(judge, decision, verdict)
    example = Feedback.objects.get(decision=decision)
    assert (example.agent_id, example.source_user) == (floor.agent.pk, reviewer)
    assert example.content == {
        "verdict": verdict,
        "reason_code": VERDICTS[verdict].get("reason_code", ""),
        "proposal": RESULT,
        "corrected": VERDICTS[verdict].get("proposal"),
        "confidence": 0.6,
        "seen_with_probability": 1.0,
        "rested_on": {
            "route": "person",
            "policy_version": decision.policy_version,
            "model_version": "",
            "predicted_risk": None,
            "recalibrated_confidence": None,
        },
    }


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_is_an_event_of_its_decision(
    floor: Floor, judge: Api, reviewer: User, verdict: str
) -> None:
    decision = handed_in(floor)
    review(judge, decision, verdict)
    events = Event.objects.filter(entity_id=decision.pk).order_by("version")
    types = ["decision.proposed", f"decision.{STATUS[verdict]}"]
    assert list(events.values_list("event_type", flat=True)) == types
    assert events[1].user_id == reviewer.pk
    assert told(decision.task_id)["decision_id"] == str(decision.pk)


def test_the_agent_hears_why_its_result_came_back(floor: Floor, judge: Api, worker: Api) -> None:
    decision = handed_in(floor)
    review(judge, decision, "reject")
    (task,) = worker.post("/worker/claim", {"wait_seconds": 0}).json()["tasks"]
    assert task["resume"] == {"reason": "rejected", "attempt": 1}
    (said,) = task["feedback"]
    assert (said["verdict"], said["reason_code"]) == ("reject", "wrong")
    assert said["reason"] == "it is a one"


def test_a_rejection_is_a_retry_and_the_last_one_escalates(floor: Floor, judge: Api) -> None:
    decision = handed_in(floor, max_retries=1)
    review(judge, decision, "reject")
    token = floor.take(decision.task_id)
    floor.ack(decision.task_id, token, start=True)
    floor.complete(decision.task_id, token, result={"label": 2})
    review(judge, pending(decision.task_id), "reject")
    assert (state_of(decision.task_id), row(decision.task_id).retry_count) == ("escalated", 1)
    said = told(decision.task_id)
    assert "rejected the result" in said["reason"]
    assert (said["comment"], said["reason_code"]) == ("it is a one", "wrong")
    sound(decision.task_id)


def test_a_response_uses_up_no_retry(floor: Floor, judge: Api) -> None:
    decision = handed_in(floor, max_retries=0)
    review(judge, decision, "respond")
    assert (state_of(decision.task_id), row(decision.task_id).retry_count) == ("queued", 0)


def test_a_rejected_result_is_not_asked_again(floor: Floor, judge: Api, worker: Api) -> None:
    decision = handed_in(floor)
    review(judge, decision, "reject")
    task_id = decision.task_id
    token = floor.take(task_id)
    floor.ack(task_id, token, start=True)
    path, said = f"/worker/tasks/{task_id}/complete", {"lease_token": token, "result": RESULT}
    answer = worker.post(path, said).json()
    assert (answer["outcome"], answer["review"], answer["decision_id"]) == ("failed", None, None)
    assert worker.post(path, said).json() == answer
    assert (state_of(task_id), Decision.objects.filter(task=task_id).count()) == ("failed", 1)
    sound(task_id)


def test_a_result_may_be_handed_in_again_after_a_response(floor: Floor, judge: Api) -> None:
    decision = handed_in(floor)
    review(judge, decision, "respond")
    token = floor.take(decision.task_id)
    floor.ack(decision.task_id, token, start=True)
    assert floor.complete(decision.task_id, token)["review"] == "person"
    assert pending(decision.task_id).pk != decision.pk


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"verdict": "edit"}, "proposal"),
        ({"verdict": "edit", "proposal": RESULT}, "proposal"),  # unchanged
        ({"verdict": "approve", "proposal": {}}, "proposal"),
        ({"verdict": "reject"}, "reason_code"),
        ({"verdict": "reject", "reason_code": "mood"}, "reason_code"),
        ({"verdict": "respond"}, "reason"),
        ({"verdict": "override"}, "verdict"),
        ({"verdict": "maybe"}, "verdict"),
        ({"verdict": "approve", "seconds_spent": -1}, "seconds_spent"),
    ],
)
def test_a_verdict_has_to_be_whole(
    floor: Floor, judge: Api, said: dict[str, Any], field: str
) -> None:
    decision = handed_in(floor)
    before = everything()
    answer = judge.post(f"/decisions/decision/{decision.pk}/review", said)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
    assert everything() == before


def test_of_many_verdicts_each_has_an_answer_of_its_own(floor: Floor, judge: Api) -> None:
    good, late, twice = handed_in(floor), handed_in(floor), handed_in(floor)
    floor.override(late.task_id, label=3)
    reject = {"verdict": "reject", "reason_code": "wrong"}
    asked = [
        {"decision_id": str(good.pk), "verdict": "approve"},
        {"decision_id": str(late.pk), "verdict": "approve"},
        {"decision_id": str(new_id()), "verdict": "approve"},
        {"decision_id": str(twice.pk), **reject},
        {"decision_id": str(twice.pk), "verdict": "approve"},
        {"decision_id": str(good.pk), "verdict": "edit"},
    ]
    results = judge.post("/decisions/reviews", {"reviews": asked}).json()["results"]
    assert [result["status"] for result in results] == [200, 409, 404, 200, 409, 400]
    assert [result["body"].get("code", "") for result in results[1:3]] == ["conflict", "not_found"]
    assert (status_of(good), status_of(twice)) == ("approved", "rejected")
    assert Review.objects.filter(decision__in=[good, twice]).count() == 2
    for decision in (good, late, twice):
        sound(decision.task_id)


def test_many_verdicts_at_once_are_those_of_one_after_the_other(floor: Floor, judge: Api) -> None:
    decisions = [handed_in(floor) for _ in VERDICTS]
    asked = [
        {"decision_id": str(decision.pk), "verdict": verdict, **VERDICTS[verdict]}
        for decision, verdict in zip(decisions, VERDICTS, strict=True)
    ]
    results = judge.post("/decisions/reviews", {"reviews": asked}).json()["results"]
    assert {result["status"] for result in results} == {200}
    assert [status_of(decision) for decision in decisions] == list(STATUS.values())
    for decision, verdict in zip(decisions, VERDICTS, strict=True):
        assert state_of(decision.task_id) == AFTER[verdict][0]


def test_a_decision_that_is_decided_stays_so(floor: Floor, judge: Api) -> None:
    decision = handed_in(floor)
    review(judge, decision, "approve")
    before = everything()
    assert all(conflict(review(judge, decision, verdict)) for verdict in VERDICTS)
    assert everything() == before


def test_an_approval_comes_too_late_for_a_task_that_was_overridden(
    floor: Floor, judge: Api
) -> None:
    decision = handed_in(floor)
    floor.override(decision.task_id, label=3)
    answer = review(judge, decision, "approve")
    assert conflict(answer)
    assert (answer.json()["state"], answer.json()["legal"]) == ("overridden", [])
    assert row(decision.task_id).result == {"label": 3}


def test_an_approval_comes_too_late_for_a_task_that_was_escalated(floor: Floor, judge: Api) -> None:
    decision = handed_in(floor)
    floor.escalate(decision.task_id)
    assert conflict(review(judge, decision, "approve"))
    assert (state_of(decision.task_id), status_of(decision)) == ("escalated", "expired")


def created_by(floor: Floor, person: User, **values: Any) -> Decision:
    """A result for a task that this person asked for."""
    decision = handed_in(floor, **values)
    type(row(decision.task_id)).objects.filter(pk=decision.task_id).update(created_by=person)
    return decision


def not_their_own(answer: Any) -> bool:
    return answer.status_code == 403 and "somebody else" in answer.json()["detail"]


@pytest.mark.parametrize("verdict", VERDICTS)
def test_nobody_decides_about_a_critical_task_of_their_own(
    floor: Floor, judge: Api, reviewer: User, verdict: str
) -> None:
    decision = created_by(floor, reviewer, priority="critical")
    before = everything()
    assert not_their_own(review(judge, decision, verdict))
    assert everything() == before


def test_nor_overrides_it_nor_verifies_it_by_hand(
    floor: Floor, client_for: ClientFor, admin: User
) -> None:
    decision, boss = created_by(floor, admin, priority="critical"), client_for(admin)
    path, said = f"/decisions/task/{decision.task_id}", {"reason": "mine", "new_decision": {}}
    assert not_their_own(boss.post(f"{path}/override", said))
    assert not_their_own(boss.patch(f"{path}/state", {"state": "verified"}))
    assert state_of(decision.task_id) == "completed"


def test_somebody_else_decides_about_a_critical_task(
    floor: Floor, judge: Api, manager: User
) -> None:
    decision = created_by(floor, manager, priority="critical")
    assert review(judge, decision, "approve").status_code == 200


@pytest.mark.parametrize(("strict", "status"), [(False, 200), (True, 403)])
def test_of_other_tasks_a_setting_says_so(
    floor: Floor, judge: Api, reviewer: User, settings: Any, strict: bool, status: int
) -> None:
    settings.REVIEW_SEPARATION_OF_DUTIES = strict
    decision = created_by(floor, reviewer)
    assert review(judge, decision, "approve").status_code == status


def test_nobody_decides_about_a_part_of_a_critical_task_of_their_own(
    floor: Floor, judge: Api, reviewer: User
) -> None:
    parent, token = floor.working(priority="critical")
    type(row(parent)).objects.filter(pk=parent).update(created_by=reviewer)
    child = floor.delegate(parent, token)["task_id"]
    helper = floor.hire("helper")
    lease = helper.take(child)
    helper.ack(child, lease, start=True)
    helper.complete(child, lease)
    assert not_their_own(review(judge, pending(child), "approve"))


PEOPLES = [
    route for route in api_routes() if AgentOnly not in route.guards and Anyone not in route.guards
]


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.mark.parametrize("route", PEOPLES, ids=named)
@pytest.mark.parametrize("who", ["agent", "nobody"])
def test_an_agent_is_refused_by_every_door_of_people(
    floor: Floor, client_for: ClientFor, agent_key: str, route: Route, who: str
) -> None:
    decision = handed_in(floor)
    path = route.path.removeprefix("/api/v1")
    path = path.replace("<str:task_id>", str(decision.task_id))
    path = path.replace("<str:decision_id>", str(decision.pk))
    path = path.replace("<str:agent_id>", str(floor.agent.pk)).replace("<str:key_id>", "1")
    before = everything()
    api = client_for(agent_key if who == "agent" else None)
    answer = getattr(api.client, route.method.lower())(f"/api/v1{path}", headers=api.headers)
    assert answer.status_code == (403 if who == "agent" else 401)
    assert everything() == before


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AGENT_MANAGER, None])
def test_only_reviewers_review(floor: Floor, client_for: ClientFor, role: Role | None) -> None:
    decision = handed_in(floor)
    person = client_for(make_person("pat", *([role] if role else [])))
    path, before = f"/decisions/task/{decision.task_id}/override", everything()
    said = {"reason": "I say so", "new_decision": {"label": 1}}
    bulk = {"reviews": [{"decision_id": str(decision.pk), "verdict": "approve"}]}
    assert review(person, decision, "approve").status_code == 403
    assert person.post("/decisions/reviews", bulk).status_code == 403
    assert person.post(path, said).status_code == 403
    assert person.get("/decisions/reviews").status_code == 403
    assert everything() == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
def test_of_two_reviewers_at_once_one_wins(floor: Floor, client_for: ClientFor) -> None:
    people = [client_for(make_person(name, Role.REVIEWER)) for name in ("rita", "rob")]
    for _ in range(5):
        decision = handed_in(floor)
        calls = [
            partial(review, person, decision, verdict)
            for person, verdict in zip(people, ("approve", "reject"), strict=True)
        ]
        answers = at_once(*calls)
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        assert Review.objects.filter(decision=decision).count() == 1
        sound(decision.task_id)
        if (
            state_of(decision.task_id) != State.VERIFIED
        ):  # rejected: it would fill the agent's hands
            floor.override(decision.task_id)


def test_what_waits_is_listed_with_the_most_urgent_first(floor: Floor, judge: Api) -> None:
    first, second = handed_in(floor), handed_in(floor)
    Decision.objects.filter(pk=first.pk).update(due_at=row(second.task_id).due_at)
    Decision.objects.filter(pk=second.pk).update(due_at=row(second.task_id).created_at)
    listed = judge.get("/decisions/reviews").json()["reviews"]
    assert [item["id"] for item in listed] == [str(second.pk), str(first.pk)]
    review(judge, second, "approve")
    assert len(judge.get("/decisions/reviews").json()["reviews"]) == 1


@pytest.mark.parametrize(
    ("task_type", "priority", "confidence", "way"),
    [
        ("default", "medium", 0.8, "auto"),
        ("default", "medium", 0.79, "person"),
        ("default", "medium", None, "person"),
        ("refund", "medium", 0.9, "person"),
        ("refund", "medium", 0.95, "auto"),
        ("chat", "medium", 0.1, "auto"),
        ("chat", "high", 0.9, "person"),
        ("chat", "high", 0.99, "auto"),
        ("default", "critical", 1.0, "person"),
        ("legal", "low", 1.0, "person"),
    ],
)
def test_the_policy_goes_by_task_type_and_priority(
    floor: Floor, worker: Api, task_type: str, priority: str, confidence: float | None, way: str
) -> None:
    version = activate_policy(
        threshold=0.8,
        task_types={"refund": 0.95, "chat": 0.1, "legal": None},
        priorities={"high": 0.99, "critical": None},
    ).version
    task_id, token = floor.working(task_type=task_type, priority=priority)
    said = {"lease_token": str(token), "result": RESULT, "confidence": confidence}
    said = {name: value for name, value in said.items() if value is not None}
    answer = worker.post(f"/worker/tasks/{task_id}/complete", said).json()
    assert answer["review"] == way
    assert state_of(task_id) == {"auto": "verified", "person": "completed"}[way]
    assert Decision.objects.get(pk=answer["decision_id"]).policy_version == version


def test_without_a_policy_a_person_looks_at_everything(floor: Floor) -> None:
    activate_policy().delete()
    policy.active.forget()
    decision = handed_in(floor)
    assert (decision.route, decision.policy_version, decision.status) == ("person", None, "pending")


SAMPLED = Policy(7, 0.5, {}, {}, 0.25, 60)


@pytest.mark.parametrize(
    ("draw", "route"), [(0.0, "sample"), (0.2499, "sample"), (0.25, "auto"), (0.99, "auto")]
)
def test_a_share_of_what_passes_is_drawn_with_its_probability(draw: float, route: str) -> None:
    ruling = policy.rule(SAMPLED, task_type="default", priority=1, confidence=0.9, draw=draw)
    assert (ruling.route, ruling.audit_probability, ruling.policy_version) == (route, 0.25, 7)


@pytest.mark.parametrize("draw", [0.0, 0.99])
def test_what_a_person_sees_anyway_is_seen_for_certain(draw: float) -> None:
    ruling = policy.rule(SAMPLED, task_type="default", priority=1, confidence=0.4, draw=draw)
    assert (ruling.route, ruling.audit_probability) == ("person", 1.0)


@pytest.mark.parametrize(("draw", "state"), [(0.1, "completed"), (0.9, "verified")])
def test_the_probability_is_kept_with_the_decision(
    floor: Floor, monkeypatch: pytest.MonkeyPatch, draw: float, state: str
) -> None:
    def ruled(known: Known) -> policy.Ruling:
        return policy.rule(
            SAMPLED,
            task_type=known.task_type,
            priority=known.priority,
            confidence=known.confidence,
            draw=draw,
        )

    monkeypatch.setattr(plans, "rule_now", ruled)
    task_id, token = floor.working()
    floor.complete(task_id, token, confidence=0.9)
    decision = Decision.objects.get(task=task_id)
    assert (state_of(task_id), decision.audit_probability) == (state, 0.25)


def test_an_example_says_how_likely_it_was_seen(
    floor: Floor, judge: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate_policy(threshold=0.5, sample_share=1.0)
    task_id, token = floor.working()
    floor.complete(task_id, token, confidence=0.9)
    decision = pending(task_id)
    Decision.objects.update(predicted_risk=0.25, model_version="v7", recalibrated_confidence=0.7)
    review(judge, decision, "approve")
    rested = Feedback.objects.get().content["rested_on"]
    assert (rested["route"], rested["model_version"]) == ("sample", "v7")
    assert (rested["predicted_risk"], rested["recalibrated_confidence"]) == (0.25, 0.7)
    assert (decision.route, Feedback.objects.get().content["seen_with_probability"]) == (
        "sample",
        1,
    )
