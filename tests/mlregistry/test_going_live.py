"""A version that decisions rest on goes live by two people, past its gate, and by no other way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from agentic.actors import Actor, system
from agentic.errors import Conflict, Invalid
from agentic.models import User
from agents.models import Agent
from mlregistry import artifacts
from mlregistry.gate_lines import wrong_gates
from mlregistry.gates import GateNotPassed
from mlregistry.models import Activation, ActivationRequest, RegisteredModel
from mlregistry.services.activation import (
    NeedsSecondPerson,
    OtherWentLive,
    activate_model,
    roll_back_model,
)
from mlregistry.services.activation_requests import (
    NoPerson,
    RequestOpen,
    SamePerson,
    approve_activation,
    refuse_activation,
    request_activation,
)
from mlregistry.services.registration import register_model
from tests.conftest import Api
from tests.mlregistry.shelf import actor_for, let_live, live, noted, story, trained, versions

NAME = "review_risk"


@pytest.fixture
def max_(manager: User) -> Actor:
    return actor_for(manager)


@pytest.fixture
def api(client_for: Callable[[User], Api], manager: User) -> Api:
    return client_for(manager)


def ask(actor: Actor, model: RegisteredModel, **more: Any) -> ActivationRequest:
    return request_activation(actor=actor, model_id=model.pk, reason="better", **more)


def test_one_asks_and_another_agrees(operator: Actor, max_: Actor) -> None:
    model = trained(operator)
    request = ask(max_, model)
    assert live(NAME) == []
    approve_activation(actor=operator, request_id=request.pk, reason="it holds")
    row = Activation.objects.get(name=NAME)
    assert (live(NAME), row.requested_by_id, row.approved_by_id) == (
        [model.version],
        max_.user_id,
        operator.user_id,
    )
    assert [said for _, said in story(model)] == [
        "model.registered",
        "model.activation_requested",
        "model.activated",
    ]
    assert [action for action, _ in noted()] == [
        "model.registered",
        "model.activation_requested",
        "model.activated",
    ]


def test_nobody_agrees_with_themselves(operator: Actor) -> None:
    request = ask(operator, trained(operator))
    with pytest.raises(SamePerson):
        approve_activation(actor=operator, request_id=request.pk)
    assert live(NAME) == []


def test_the_platform_neither_asks_nor_agrees(operator: Actor) -> None:
    model = trained(operator)
    with pytest.raises(NoPerson):
        ask(system(), model)
    request = ask(operator, model)
    with pytest.raises(NoPerson):
        approve_activation(actor=system(), request_id=request.pk)


def test_a_second_person_may_refuse_and_the_asker_withdraw(operator: Actor, max_: Actor) -> None:
    model = trained(operator)
    for who in (operator, max_):
        request = refuse_activation(actor=who, request_id=ask(max_, model).pk, reason="not yet")
        assert (request.status, request.decided_by_id, request.answer) == (
            "refused",
            who.user_id,
            "not yet",
        )
    assert live(NAME) == []
    assert [said for _, said in story(model)].count("model.activation_refused") == 2


def test_a_request_is_decided_once(operator: Actor, max_: Actor) -> None:
    request = ask(max_, trained(operator))
    refuse_activation(actor=operator, request_id=request.pk)
    for decide in (approve_activation, refuse_activation):
        with pytest.raises(Conflict, match="refused already"):
            decide(actor=operator, request_id=request.pk)


def test_one_request_waits_at_a_time(operator: Actor, max_: Actor) -> None:
    ask(max_, trained(operator))
    with pytest.raises(RequestOpen):
        ask(operator, trained(operator))


@pytest.mark.parametrize(
    ("metrics", "word"),
    [
        ({"auc": {"value": 0.55, "n": 400}}, "at least 0.6"),
        ({"auc": {"value": 0.9, "n": 40}}, "100 or more"),
        ({"auc": 0.9}, "100 or more"),
        ({"auc": None}, "not among its metrics"),
        ({"auc": "good"}, "not among its metrics"),
    ],
)
def test_the_gate_says_what_is_missing(operator: Actor, metrics: dict[str, Any], word: str) -> None:
    with pytest.raises(GateNotPassed, match=word):
        ask(operator, trained(operator, **metrics))
    assert not ActivationRequest.objects.exists()


def test_it_may_not_be_much_worse_than_what_is_live(
    operator: Actor, admin: User, manager: User
) -> None:
    let_live(trained(operator), manager, admin)
    with pytest.raises(GateNotPassed, match="less is asked"):
        ask(operator, trained(operator, auc={"value": 0.69, "n": 400}))
    request = ask(operator, trained(operator, auc={"value": 0.71, "n": 400}))
    assert request.status == "open"


def test_a_lucky_live_version_that_little_was_known_of_does_not_keep_out_a_well_known_one(
    operator: Actor, admin: User, manager: User
) -> None:
    lucky = {"value": 0.95, "low": 0.8, "high": 1.0, "n": 100}
    let_live(trained(operator, auc=lucky), manager, admin)
    with pytest.raises(GateNotPassed, match=r"0\.153 may be chance"):
        ask(operator, trained(operator, auc={"value": 0.74, "low": 0.71, "high": 0.77, "n": 2000}))
    clear = {"value": 0.84, "low": 0.81, "high": 0.87, "n": 2000}
    assert ask(operator, trained(operator, auc=clear)).status == "open"


def test_a_calibration_may_not_make_it_worse(operator: Actor) -> None:
    worse: dict[str, Any] = {
        "brier": {"value": 0.12, "n": 90},
        "brier_before": {"value": 0.1, "n": 90},
    }
    with pytest.raises(GateNotPassed, match="no more than brier_before"):
        ask(operator, trained(operator, "calibration", **worse))


def test_the_gate_is_asked_again_at_the_approval(operator: Actor, max_: Actor) -> None:
    model = trained(operator, content=b'{"changed": 1}')
    request = ask(max_, model)
    place = artifacts.place_of(model.sha256)
    place.unlink()
    with pytest.raises(GateNotPassed, match="the file is missing"):
        approve_activation(actor=operator, request_id=request.pk)
    assert live(NAME) == []


def test_what_people_brought_is_never_decided_by(operator: Actor, agent: Agent) -> None:
    (model,) = versions(operator, agent, "1", name=NAME)
    with pytest.raises(GateNotPassed, match="no training job"):
        ask(operator, model)


def test_there_is_no_other_way(operator: Actor, agent: Agent) -> None:
    model = trained(operator)
    with pytest.raises(NeedsSecondPerson):
        activate_model(actor=operator, model_id=model.pk)
    with pytest.raises(Invalid, match="wrong") as refused:
        register_model(actor=operator, name=NAME, version="2", agent_id=agent.pk, is_active=True)
    assert "is_active" in refused.value.members["errors"]
    assert live(NAME) == []


def test_something_else_that_went_live_meanwhile_stops_it(
    operator: Actor, max_: Actor, admin: User, manager: User
) -> None:
    first, second, third = (trained(operator) for _ in range(3))
    let_live(first, manager, admin)
    let_live(second, manager, admin)
    request = ask(max_, third)
    roll_back_model(actor=operator, model_id=second.pk)
    with pytest.raises(OtherWentLive):
        approve_activation(actor=operator, request_id=request.pk)
    assert live(NAME) == [first.version]


def test_one_person_rolls_back(operator: Actor, admin: User, manager: User) -> None:
    first, second = trained(operator), trained(operator)
    let_live(first, manager, admin)
    let_live(second, manager, admin)
    roll_back_model(actor=operator, model_id=second.pk, reason="it is wrong")
    row = Activation.objects.get(name=NAME, ended_at=None)
    assert (row.model, row.approved_by_id, noted()[-1][0]) == (first, None, "model.rolled_back")


def test_nobody_goes_back_to_a_file_that_was_changed(
    operator: Actor, admin: User, manager: User
) -> None:
    first, second = trained(operator, content=b"[1]"), trained(operator)
    let_live(first, manager, admin)
    let_live(second, manager, admin)
    place = artifacts.place_of(first.sha256)
    place.chmod(0o600)
    place.write_bytes(b"[2]")
    with pytest.raises(GateNotPassed, match="was changed"):
        roll_back_model(actor=operator, model_id=second.pk)
    assert live(NAME) == [second.version]


def test_versions_of_a_job_are_numbered_by_the_day(operator: Actor) -> None:
    names = [trained(operator).version for _ in range(3)]
    day = f"{timezone.now():%Y-%m-%d}"
    assert names == [f"{day}.1", f"{day}.2", f"{day}.3"]


def test_by_the_api(
    api: Api, client_for: Callable[[User], Api], admin: User, operator: Actor
) -> None:
    model = trained(operator)
    asked = api.post(f"/admin/models/{model.pk}/activate", {"reason": "better"})
    told = asked.json()
    assert (asked.status_code, told["status"], told["model_id"]) == (
        202,
        "requested",
        str(model.pk),
    )
    assert all(line["ok"] for line in told["gate"])
    path = f"/admin/activation-requests/{told['request_id']}"
    assert api.post(f"{path}/approve").status_code == 403
    (waiting,) = api.get("/admin/activation-requests", status="open").json()["requests"]
    assert (waiting["version"], waiting["reason"]) == (model.version, "better")
    second = client_for(admin)
    agreed = second.post(f"{path}/approve", {"reason": "yes"})
    assert (agreed.status_code, agreed.json()["status"]) == (200, "activated")
    assert second.post(f"{path}/refuse").status_code == 409
    # What is live already is so, whoever asks.
    again = api.post(f"/admin/models/{model.pk}/activate")
    assert (again.status_code, again.json()["status"]) == (200, "activated")


def test_the_api_tells_each_line_of_the_gate(api: Api, operator: Actor) -> None:
    model = trained(operator, auc={"value": 0.5, "n": 4})
    answer = api.post(f"/admin/models/{model.pk}/activate")
    told = answer.json()
    assert (answer.status_code, told["code"]) == (409, "gate_not_passed")
    assert [line["ok"] for line in told["gate"]] == [True, False, False, True]


def test_what_was_live_on_that_date(api: Api, operator: Actor, admin: User, manager: User) -> None:
    first, second = trained(operator), trained(operator)
    let_live(first, manager, admin)
    let_live(second, manager, admin)
    now = timezone.now()
    for number, days in ((1, 10), (2, 5)):
        rows = Activation.objects.filter(name=NAME, number=number)
        ended = now - timedelta(days=5) if number == 1 else None
        rows.update(activated_at=now - timedelta(days=days), ended_at=ended)

    def on(days: float, **query: str) -> list[str]:
        at = (now - timedelta(days=days)).isoformat()
        rows = api.get("/admin/models/live", at=at, **query).json()["models"]
        return [row["version"] for row in rows]

    assert on(11) == []
    assert on(7, name=NAME) == [first.version]
    assert on(5) == on(0) == [second.version]
    assert on(7, name="other") == []
    assert [row["version"] for row in api.get("/admin/models/live").json()["models"]] == [
        second.version
    ]


@pytest.mark.parametrize(
    "at",
    [
        "yesterday",
        "2026-11-22",
        "2026-11-22T08:00",
        "2026-13-01T00:00Z",
        # No day of UTC's: after the last one, and before the first.
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_a_moment_needs_its_zone(api: Api, at: str) -> None:
    answer = api.get("/admin/models/live", at=at)
    assert (answer.status_code, [*answer.json()["errors"]]) == (400, ["at"])


def test_a_gate_that_nobody_can_read_is_found_at_the_start(settings: Any) -> None:
    assert wrong_gates(settings.MODEL_GATES) == []
    odd: list[Any] = [
        [],
        {"a": 1},
        {"a": [{"metric": "auc"}]},
        {"a": [{"metric": "auc", "above": 1}]},
    ]
    for gates in odd:
        assert wrong_gates(gates)


@pytest.mark.parametrize("answer", ["approve", "refuse"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"reason": 3}, "reason"),
        ({"reason": "x" * 1001}, "reason"),
        ({"who": "me"}, "who"),
        ([], "body"),
    ],
)
def test_an_odd_answer_to_a_request_changes_nothing(
    api: Api, operator: Actor, answer: str, body: Any, field: str
) -> None:
    request = ask(operator, trained(operator))
    refused = api.post(f"/admin/activation-requests/{request.pk}/{answer}", body)
    assert (refused.status_code, [*refused.json()["errors"]]) == (400, [field])
    request.refresh_from_db()
    assert request.status == "open"


def test_what_nobody_asked_for_is_not_there(api: Api) -> None:
    for number in ("nonsense", uuid4()):
        for answer in ("approve", "refuse"):
            found = api.post(f"/admin/activation-requests/{number}/{answer}", {"who": 1})
            assert found.status_code == 404
