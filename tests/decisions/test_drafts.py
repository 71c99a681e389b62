"""Drafts of the review policy: one person writes one, it is tried on past decisions, and another publishes it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from agentic.actors import Actor, ActorKind, Source
from agentic.clock import database_now
from agentic.errors import Conflict, Invalid, NotAllowed, NotFound
from agentic.ids import new_id
from agentic.models import Audit, Event, User
from agentic.roles import Role
from decisions import ready
from decisions.models import Decision, PolicyDraft, ReviewPolicy
from decisions.past import read_past
from decisions.policy import read_active
from decisions.services import drafts
from decisions.services.drafts import (
    close_draft,
    draft_policy,
    edit_draft,
    publish_draft,
    simulate_draft,
)
from tests.conftest import Api, make_person
from tests.decisions.floor import Floor
from tests.decisions.test_policies import NO_BUDGET
from tests.decisions.test_policies import RULES as THRESHOLDS
from tests.decisions.threads import at_once

RULES: dict[str, Any] = {**THRESHOLDS, **NO_BUDGET}
SHARE = {"budget": "share", "budget_value": 0.5}


def acting(user: User) -> Actor:
    return Actor(ActorKind.USER, user.pk, user.username, Source.API)


@pytest.fixture
def author(reviewer: User) -> Actor:
    return acting(reviewer)


def written(author: Actor, **rules: Any) -> PolicyDraft:
    return draft_policy(actor=author, rules=RULES | rules)


def tried(author: Actor, **rules: Any) -> PolicyDraft:
    return simulate_draft(actor=author, draft_id=written(author, **rules).pk)


@pytest.fixture
def scored(floor: Floor) -> list[Decision]:
    """Decisions with a predicted risk, and what people said of those that they saw."""
    task_id, _ = floor.working()
    about = {"task_id": task_id, "agent": floor.agent, "decision_type": "result", "proposal": {}}
    made = []
    for number in range(200):
        risk = number / 200
        route = "person" if risk > 0.7 else "sample" if number % 4 == 0 else "auto"
        status = (
            "auto_approved" if route == "auto" else "rejected" if number % 7 == 0 else "approved"
        )
        seen = {"audit_probability": 1.0 if route == "person" else 0.25}
        told = {"predicted_risk": risk, "confidence": 1 - risk, "route": route, "status": status}
        made.append(Decision(**about, **told, **seen, digest=f"{number:064}", reason="a test"))
    return Decision.objects.bulk_create(made)


@pytest.fixture
def modelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 1 of the risk model is live, and sees in each decision the risk that was kept with it."""
    monkeypatch.setattr(drafts, "read_past", lambda: read_past()._replace(model_version="1"))
    monkeypatch.setattr(ready, "risk_model_live", lambda: "1")


def test_a_draft_holds_what_was_proposed(author: Actor) -> None:
    draft = written(author, **SHARE)
    assert draft.rules == {name: value for name, value in (RULES | SHARE).items() if name != "note"}
    assert (draft.note, draft.state, draft.created_by_id) == ("a first try", "open", author.user_id)
    assert ReviewPolicy.objects.count() == 1
    (row,) = Audit.objects.filter(action="policy.drafted")
    assert row.entity_id == str(draft.pk)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"budget": "hours"}, "budget"),
        ({"budget": "share"}, "budget_value"),
        ({"budget": "share", "budget_value": 0}, "budget_value"),
        ({"budget": "error", "budget_value": 1.1}, "budget_value"),
        ({"budget": "error", "budget_value": True}, "budget_value"),
        ({"budget_value": 0.1}, "budget_value"),
        ({"risk_threshold": 0.1}, "risk_threshold"),
        ({**SHARE, "risk_threshold": -0.1}, "risk_threshold"),
        ({"sample_share": 0, "note": ""}, "sample_share"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(
    author: Actor, said: dict[str, Any], named: str
) -> None:
    with pytest.raises(Invalid) as caught:
        written(author, **said)
    assert list(caught.value.members["errors"]) == [named]
    assert not PolicyDraft.objects.exists()


def test_a_second_person_publishes_it(author: Actor, operator: Actor) -> None:
    draft = tried(author)
    policy = publish_draft(actor=operator, draft_id=draft.pk)
    assert (policy.version, policy.is_active, policy.threshold) == (2, True, 0.8)
    assert (policy.created_by_id, policy.approved_by_id) == (author.user_id, operator.user_id)
    draft.refresh_from_db()
    assert (draft.state, draft.policy) == ("published", policy)
    event = Event.objects.get(entity_id=policy.pk)
    assert event.data["after"] == {"version": 2, **RULES, "risk_model_version": ""}
    row = Audit.objects.get(action="policy.published")
    assert str(draft.pk) in row.details


def test_its_author_does_not(operator: Actor) -> None:
    draft = tried(operator)
    with pytest.raises(NotAllowed) as caught:
        publish_draft(actor=operator, draft_id=draft.pk)
    assert "somebody else must publish it" in str(caught.value)
    assert ReviewPolicy.objects.count() == 1


def test_but_where_one_person_alone_may_publish(operator: Actor, alone: None) -> None:
    policy = publish_draft(actor=operator, draft_id=tried(operator).pk)
    assert (policy.created_by_id, policy.approved_by_id) == (operator.user_id, None)


def test_what_was_not_simulated_is_not_published(author: Actor, operator: Actor) -> None:
    draft = written(author)
    with pytest.raises(Conflict):
        publish_draft(actor=operator, draft_id=draft.pk)
    simulate_draft(actor=author, draft_id=draft.pk)
    edit_draft(actor=author, draft_id=draft.pk, rules=RULES | {"threshold": 0.1})
    with pytest.raises(Conflict) as caught:
        publish_draft(actor=operator, draft_id=draft.pk)
    assert "not simulated since it was last changed" in str(caught.value)


def test_nobody_changes_what_another_wrote(author: Actor, operator: Actor) -> None:
    draft = written(author)
    with pytest.raises(NotAllowed):
        edit_draft(actor=operator, draft_id=draft.pk, rules=RULES | {"threshold": 0.1})
    draft.refresh_from_db()
    assert draft.rules["threshold"] == 0.8


def test_what_is_closed_stays_as_it_is(author: Actor, operator: Actor) -> None:
    draft = tried(author)
    close_draft(actor=author, draft_id=draft.pk)
    for act in (
        lambda: publish_draft(actor=operator, draft_id=draft.pk),
        lambda: simulate_draft(actor=author, draft_id=draft.pk),
        lambda: edit_draft(actor=author, draft_id=draft.pk, rules=RULES),
        lambda: close_draft(actor=author, draft_id=draft.pk),
    ):
        with pytest.raises(Conflict):
            act()
    assert [row.action for row in Audit.objects.filter(action__startswith="policy")] == [
        "policy.drafted",
        "policy.draft_closed",
    ]


def test_what_is_not_there_is_not_found(operator: Actor) -> None:
    with pytest.raises(NotFound):
        publish_draft(actor=operator, draft_id=uuid4())
    with pytest.raises(NotFound):
        simulate_draft(actor=operator, draft_id=uuid4())


def test_the_threshold_for_a_budget_is_found_and_published(
    scored: list[Decision], modelled: None, author: Actor, operator: Actor
) -> None:
    draft = tried(author, **SHARE, task_types={}, priorities={})
    told: Any = draft.simulation
    assert (told["decisions"], told["scored"], told["found"]) == (200, 200, True)
    assert 0.49 <= told["draft"]["to_people"]["value"] <= 0.5
    policy = publish_draft(actor=operator, draft_id=draft.pk)
    assert (policy.budget, policy.budget_value) == ("share", 0.5)
    assert policy.risk_threshold == told["risk_threshold"] > 0
    assert policy.risk_model_version == "1"
    assert read_active().risk_threshold == policy.risk_threshold


def test_a_budget_that_nothing_was_found_for_is_not_published(
    author: Actor, operator: Actor
) -> None:
    draft = tried(author, **SHARE)
    assert draft.simulation is not None
    assert draft.simulation["problem"]
    with pytest.raises(Conflict) as caught:
        publish_draft(actor=operator, draft_id=draft.pk)
    assert "no past decisions" in str(caught.value)


def test_a_budget_is_of_the_model_that_was_live(
    scored: list[Decision],
    modelled: None,
    author: Actor,
    operator: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draft = tried(author, **SHARE, task_types={}, priorities={})
    monkeypatch.setattr(ready, "risk_model_live", lambda: "another")
    with pytest.raises(Conflict) as caught:
        publish_draft(actor=operator, draft_id=draft.pk)
    assert "simulate it again" in str(caught.value)


def test_without_a_live_model_no_budget_is_published(
    scored: list[Decision], author: Actor, operator: Actor
) -> None:
    draft = tried(author, **SHARE, task_types={}, priorities={})
    assert draft.simulation is not None
    assert not draft.simulation["problem"]
    with pytest.raises(Conflict) as caught:
        publish_draft(actor=operator, draft_id=draft.pk)
    assert "No version of the risk model is live" in str(caught.value)


def test_what_was_simulated_long_ago_is_not_published(author: Actor, operator: Actor) -> None:
    draft = tried(author)
    PolicyDraft.objects.update(simulated_at=database_now() - timedelta(days=7, minutes=1))
    with pytest.raises(Conflict) as caught:
        publish_draft(actor=operator, draft_id=draft.pk)
    assert "more than 7 days ago: simulate it again" in str(caught.value)


def test_what_was_held_against_another_policy_is_not_published(
    author: Actor, operator: Actor
) -> None:
    first, second = tried(author), tried(author)
    assert second.simulation is not None
    assert second.simulation["active_version"] == 1
    publish_draft(actor=operator, draft_id=first.pk)
    with pytest.raises(Conflict) as caught:
        publish_draft(actor=operator, draft_id=second.pk)
    assert "Another version of the policy is active by now" in str(caught.value)
    simulate_draft(actor=author, draft_id=second.pk)
    assert publish_draft(actor=operator, draft_id=second.pk).version == 3


def test_what_confidences_were_worth_something_else_for_is_not_published(
    author: Actor, operator: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = tried(author)
    monkeypatch.setattr(ready, "calibration_live", lambda: "2")
    with pytest.raises(Conflict) as caught:
        publish_draft(actor=operator, draft_id=draft.pk)
    assert "By another calibration" in str(caught.value)


def test_each_change_of_a_draft_is_an_event_without_what_it_says(
    author: Actor, operator: Actor
) -> None:
    draft = written(author)
    simulate_draft(actor=operator, draft_id=draft.pk)
    edit_draft(actor=author, draft_id=draft.pk, rules=RULES | {"threshold": 0.1})
    close_draft(actor=author, draft_id=draft.pk)
    story = Event.objects.filter(entity_id=draft.pk).order_by("version")
    assert [event.event_type for event in story] == ["policy.draft_changed"] * 4
    assert [event.version for event in story] == [1, 2, 3, 4]
    assert [event.data["state"] for event in story] == ["open"] * 3 + ["closed"]
    assert [bool(event.data["simulated_at"]) for event in story] == [False, True, False, False]
    assert {key for event in story for key in event.data} == {"state", "simulated_at"}


def test_what_changes_while_it_is_simulated_is_not_taken_for_it(
    author: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, look = written(author), read_past

    def meanwhile() -> Any:
        edit_draft(actor=author, draft_id=draft.pk, rules=RULES | {"threshold": 0.1})
        return look()

    monkeypatch.setattr(drafts, "read_past", meanwhile)
    with pytest.raises(Conflict):
        simulate_draft(actor=author, draft_id=draft.pk)
    draft.refresh_from_db()
    assert draft.simulation is None


@pytest.mark.django_db(transaction=True)
def test_of_two_who_publish_at_once_one_does(author: Actor, operator: Actor) -> None:
    other = acting(make_person("bob", Role.ADMIN))
    if not ReviewPolicy.objects.exists():
        ReviewPolicy.objects.create(version=1, is_active=True)
    draft = tried(author)
    results = at_once(
        *[lambda who=who: publish_draft(actor=who, draft_id=draft.pk) for who in (operator, other)]
        * 3
    )
    refused = [one for one in results if isinstance(one, Exception)]
    assert {type(error) for error in refused} == {Conflict}
    assert len(refused) == 5
    assert ReviewPolicy.objects.filter(is_active=True).count() == 1
    assert ReviewPolicy.objects.count() == 2


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps no row locks")
@pytest.mark.django_db(transaction=True)
def test_of_drafts_that_are_published_at_once_one_is_and_the_others_are_tried_anew(
    author: Actor, operator: Actor
) -> None:
    ReviewPolicy.objects.get_or_create(version=1, defaults={"is_active": True})
    ids = [tried(author).pk for _ in range(4)]
    results = at_once(*[lambda pk=pk: publish_draft(actor=operator, draft_id=pk) for pk in ids])
    refused = [one for one in results if isinstance(one, Exception)]
    assert ["active by now" in str(error) for error in refused] == [True] * 3
    versions = ReviewPolicy.objects.order_by("version").values_list("version", flat=True)
    assert list(versions) == [1, 2]
    assert ReviewPolicy.objects.filter(is_active=True).count() == 1


class TestApi:
    def test_from_the_draft_to_the_policy(
        self,
        client_for: Callable[[Any], Api],
        reviewer: User,
        admin: User,
        scored: list[Decision],
        modelled: None,
    ) -> None:
        rita, ada = client_for(reviewer), client_for(admin)
        answer = rita.post("/admin/policy-drafts", RULES | SHARE | {"priorities": {}})
        assert answer.status_code == 201
        path = f"/admin/policy-drafts/{answer.json()['id']}"
        assert (
            rita.patch(path, RULES | SHARE | {"task_types": {}, "priorities": {}}).status_code
            == 200
        )
        simulated = ada.post(f"{path}/simulate").json()
        assert simulated["simulation"]["draft"]["to_people"]["value"] <= 0.5
        seen = {"simulated_at": simulated["simulated_at"]}
        assert rita.post(f"{path}/publish", seen).status_code == 403
        assert ada.post(f"{path}/publish").json()["errors"].keys() == {"simulated_at"}
        older = {"simulated_at": "2026-01-05T08:00:00Z"}
        assert ada.post(f"{path}/publish", older).status_code == 409
        published = ada.post(f"{path}/publish", seen)
        assert published.status_code == 201
        assert published.json() == ada.get("/admin/policy").json()
        assert published.json()["approved_by_id"] == str(admin.pk)
        shown = rita.get(path).json()
        assert (shown["state"], shown["version"]) == ("published", published.json()["version"])
        assert rita.get("/admin/policy-drafts", state="open").json() == {"drafts": [], "next": None}

    def test_a_repeated_key_simulates_once(
        self, client_for: Callable[[Any], Api], admin: User, author: Actor
    ) -> None:
        api, draft = client_for(admin), written(author)
        path = f"/admin/policy-drafts/{draft.pk}/simulate"
        first, again = (
            api.client.post(
                f"/api/v1{path}",
                {},
                content_type="application/json",
                headers=api.headers | {"Idempotency-Key": "k"},
            )
            for _ in range(2)
        )
        assert first.status_code == 200
        assert first.json() == again.json()

    def test_a_policy_of_an_admin_becomes_a_draft(
        self, client_for: Callable[[Any], Api], admin: User
    ) -> None:
        answer = client_for(admin).post("/admin/policies", THRESHOLDS)
        assert answer.status_code == 202
        assert answer.json()["state"] == "open"
        path = f"/admin/policy-drafts/{answer.json()['id']}"
        draft = client_for(admin).post(f"{path}/simulate").json()
        seen = {"simulated_at": draft["simulated_at"]}
        refused = client_for(admin).post(f"{path}/publish", seen)
        assert refused.status_code == 403
        assert "somebody else" in refused.json()["detail"]

    def test_only_its_author_or_an_admin_puts_it_aside(
        self, client_for: Callable[[Any], Api], manager: User, admin: User, author: Actor
    ) -> None:
        path = f"/admin/policy-drafts/{written(author).pk}/close"
        assert client_for(manager).post(path).status_code == 403
        assert client_for(admin).post(path).json()["state"] == "closed"
        assert client_for(admin).post(path).status_code == 409

    def test_what_is_not_there_is_404(self, client_for: Callable[[Any], Api], admin: User) -> None:
        for path in ("", "/simulate", "/publish", "/close"):
            address = f"/admin/policy-drafts/{new_id()}{path}"
            api = client_for(admin)
            answer = api.post(address) if path else api.get(address)
            assert answer.status_code == 404
