"""Versions of the review policy: published, activated, never edited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from agentic.actors import Actor
from agentic.errors import Conflict, Invalid, NotAllowed, NotFound
from agentic.models import Event, User
from decisions.models import Decision, ReviewPolicy
from decisions.models.decision import Route
from decisions.policy import NO_POLICY, active, read_active, ruling
from decisions.services.policies import activate_policy, publish_policy
from tests.conftest import Api
from tests.decisions.threads import at_once

pytestmark = pytest.mark.usefixtures("alone")

RULES: dict[str, Any] = {
    "threshold": 0.8,
    "task_types": {"refund": 0.95},
    "priorities": {"critical": None},
    "sample_share": 0.1,
    "review_seconds": 3600,
    "note": "a first try",
}
NO_BUDGET = {"budget": "", "budget_value": None, "risk_threshold": None}


def publish(actor: Actor, **rules: Any) -> ReviewPolicy:
    return publish_policy(actor=actor, **(RULES | rules))


def active_ones() -> list[int]:
    return list(ReviewPolicy.objects.filter(is_active=True).values_list("version", flat=True))


def story(policy: ReviewPolicy) -> list[Event]:
    events = Event.objects.filter(entity_type="policy", entity_id=policy.pk)
    return list(events.order_by("version"))


@pytest.mark.django_db
def test_a_new_platform_has_a_cautious_first_version() -> None:
    first = ReviewPolicy.objects.get()
    assert (first.version, first.is_active, first.threshold) == (1, True, 0.9)
    assert (first.priorities, first.sample_share) == ({"critical": None}, 0.05)
    assert first.review_seconds == 24 * 3600


def test_a_published_version_rules_at_once(
    operator: Actor, django_capture_on_commit_callbacks: Any
) -> None:
    assert active.get().version == 1
    with django_capture_on_commit_callbacks(execute=True):
        policy = publish(operator)
    assert (policy.version, active_ones()) == (2, [2])
    assert active.get() == read_active()
    assert active.get().task_types == {"refund": 0.95}


def test_its_event_says_what_was_and_what_is(operator: Actor) -> None:
    policy = publish(operator)
    (event,) = story(policy)
    assert (event.version, event.event_type) == (1, "policy.activated")
    assert event.user_id == operator.user_id
    assert event.data["before"]["version"] == 1
    assert event.data["after"] == {"version": 2, **RULES, **NO_BUDGET, "risk_model_version": ""}


def test_an_older_version_can_be_made_active_again(operator: Actor) -> None:
    older, newer = publish(operator), publish(operator, threshold=0.5)
    assert activate_policy(actor=operator, version=older.version).is_active
    assert active_ones() == [older.version]
    again = story(older)[1]
    assert (again.version, again.data["before"]["version"]) == (2, newer.version)
    assert publish(operator).version == 4


def test_to_activate_the_active_version_leaves_no_event(operator: Actor) -> None:
    policy = publish(operator)
    activate_policy(actor=operator, version=2)
    assert len(story(policy)) == 1


def test_where_it_takes_two_nobody_publishes_alone(operator: Actor, settings: Any) -> None:
    settings.POLICY_TWO_PEOPLE = True
    with pytest.raises(NotAllowed) as caught:
        publish(operator)
    assert "second person" in str(caught.value)
    assert active_ones() == [1]


def test_a_version_that_is_not_there_cannot_be_activated(operator: Actor) -> None:
    with pytest.raises(NotFound):
        activate_policy(actor=operator, version=7)
    assert active_ones() == [1]


def test_without_a_threshold_a_person_is_always_asked(operator: Actor) -> None:
    publish(operator, threshold=None)
    assert read_active().threshold is None


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("threshold", 1.01, "threshold"),
        ("threshold", -0.1, "threshold"),
        ("threshold", float("nan"), "threshold"),
        ("threshold", True, "threshold"),
        ("threshold", "0.9", "threshold"),
        ("task_types", {"refund": 2}, "task_types.refund"),
        ("task_types", {"two words": 0.5}, "task_types"),
        ("task_types", {"": 0.5}, "task_types"),
        ("task_types", {"\ud800": 0.5}, "task_types"),
        ("task_types", {str(number): 0.5 for number in range(201)}, "task_types"),
        ("task_types", [], "task_types"),
        ("priorities", {"urgent": 0.5}, "priorities"),
        ("priorities", {"high": "no"}, "priorities.high"),
        ("priorities", None, "priorities"),
        ("sample_share", None, "sample_share"),
        ("sample_share", 1.5, "sample_share"),
        ("review_seconds", 0, "review_seconds"),
        ("review_seconds", 1.5, "review_seconds"),
        ("review_seconds", 10**9, "review_seconds"),
        ("note", "x" * 301, "note"),
        ("note", "a\0", "note"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_by_name(
    operator: Actor, field: str, value: Any, named: str
) -> None:
    with pytest.raises(Invalid) as caught:
        publish(operator, **{field: value})
    assert list(caught.value.members["errors"]) == [named]
    assert (ReviewPolicy.objects.count(), Event.objects.filter(entity_type="policy").count()) == (
        1,
        0,
    )


def test_nobody_switches_the_sample_off_in_silence(operator: Actor) -> None:
    with pytest.raises(Invalid) as caught:
        publish(operator, sample_share=0, note=" ")
    assert "say in the note why" in caught.value.members["errors"]["sample_share"][0]
    assert publish(operator, sample_share=0, note="the queue is full").sample_share == 0


@pytest.mark.parametrize("share", [1e-12, 0.0049])
def test_a_sample_of_next_to_none_needs_a_note_as_none_does(operator: Actor, share: float) -> None:
    with pytest.raises(Invalid) as caught:
        publish(operator, sample_share=share, note="")
    assert "at least 0.5 %" in caught.value.members["errors"]["sample_share"][0]
    assert publish(operator, sample_share=share, note="the queue is full").sample_share == share
    assert publish(operator, sample_share=0.005, note="").sample_share == 0.005


@pytest.mark.parametrize(
    "values",
    [
        {"threshold": 0.1},
        {"threshold": None},
        {"task_types": {"refund": 0}},
        {"priorities": {}},
        {"sample_share": 0},
        {"review_seconds": 1},
        {"note": "other"},
        {"version": 9},
        {"created_by": None},
    ],
)
def test_the_database_keeps_a_published_version_as_it_is(
    operator: Actor, values: dict[str, Any]
) -> None:
    policy = publish(operator)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewPolicy.objects.filter(pk=policy.pk).update(**values)
    assert ReviewPolicy.objects.filter(pk=policy.pk).update(is_active=False) == 1


def test_the_database_allows_one_active_version(operator: Actor) -> None:
    publish(operator)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewPolicy.objects.update(is_active=True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("there", [1, 0])
def test_of_many_who_publish_at_once_each_follows_or_hears_of_it(
    operator: Actor, there: int
) -> None:
    ReviewPolicy.objects.all().delete()
    for _ in range(there):
        publish(operator)
    results = at_once(*[lambda: publish(operator)] * 8)
    refused = [result for result in results if isinstance(result, Exception)]
    assert {type(error) for error in refused} <= {Conflict}
    assert not (there and refused)
    count = there + 8 - len(refused)
    versions = ReviewPolicy.objects.order_by("version").values_list("version", flat=True)
    assert list(versions) == list(range(1, count + 1))
    assert active_ones() == [count]
    assert Event.objects.filter(event_type="policy.activated").count() == count


class TestApi:
    def test_who_may_read_the_active_one(
        self, client_for: Callable[[Any], Api], manager: User, reviewer: User, viewer: User
    ) -> None:
        for person in (manager, reviewer):
            answer = client_for(person).get("/admin/policy")
            assert answer.status_code == 200
            assert (answer.json()["version"], answer.json()["threshold"]) == (1, 0.9)
        assert client_for(viewer).get("/admin/policy").status_code == 403

    def test_an_admin_publishes(self, client_for: Callable[[Any], Api], admin: User) -> None:
        answer = client_for(admin).post("/admin/policies", RULES)
        assert answer.status_code == 201
        said = answer.json()
        assert said == client_for(admin).get("/admin/policy").json()
        assert {name: said[name] for name in RULES} == RULES
        assert (said["version"], said["is_active"], said["created_by_id"]) == (
            2,
            True,
            str(admin.pk),
        )

    @pytest.mark.parametrize("name", ["manager", "reviewer"])
    def test_nobody_else_does(
        self, client_for: Callable[[Any], Api], request: pytest.FixtureRequest, name: str
    ) -> None:
        person = request.getfixturevalue(name)
        assert client_for(person).post("/admin/policies", RULES).status_code == 403

    @pytest.mark.parametrize(
        ("change", "named"),
        [
            ({"threshold": "high"}, "threshold"),
            ({"threshold": 7}, "threshold"),
            ({"priorities": {"urgent": 1}}, "priorities"),
            ({"sample_share": 0, "note": ""}, "sample_share"),
            ({"review_seconds": 10**40}, "review_seconds"),
            ({"note": None}, "note"),
            ({"is_active": False}, "is_active"),
        ],
    )
    def test_bad_input_is_named(
        self, client_for: Callable[[Any], Api], admin: User, change: dict[str, Any], named: str
    ) -> None:
        answer = client_for(admin).post("/admin/policies", RULES | change)
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == [named]

    def test_a_policy_is_said_as_a_whole(
        self, client_for: Callable[[Any], Api], admin: User
    ) -> None:
        rules = {name: value for name, value in RULES.items() if name != "priorities"}
        answer = client_for(admin).post("/admin/policies", rules)
        assert answer.json()["errors"] == {"priorities": ["this field is required"]}

    def test_without_a_version_the_answer_says_what_holds(
        self, client_for: Callable[[Any], Api], admin: User
    ) -> None:
        ReviewPolicy.objects.update(is_active=False)
        answer = client_for(admin).get("/admin/policy")
        assert answer.status_code == 404
        assert "a person looks at everything" in answer.json()["detail"]

    def test_the_versions_are_listed(
        self, client_for: Callable[[Any], Api], reviewer: User, operator: Actor
    ) -> None:
        for _ in range(3):
            publish(operator)
        api, found, before = client_for(reviewer), [], 100
        while before:
            page = api.get("/admin/policies", limit=3, before=before).json()
            found += [(row["version"], row["is_active"]) for row in page["policies"]]
            before = page["next"]
        assert found == [(4, True), (3, False), (2, False), (1, False)]

    def test_an_admin_goes_back_to_a_version(
        self, client_for: Callable[[Any], Api], admin: User, reviewer: User, operator: Actor
    ) -> None:
        publish(operator)
        assert client_for(reviewer).post("/admin/policies/1/activate").status_code == 403
        api = client_for(admin)
        assert api.post("/admin/policies/1/activate").json()["is_active"]
        assert active_ones() == [1]
        for nothing in ("7", "x", "-1", "9" * 30):
            assert api.post(f"/admin/policies/{nothing}/activate").status_code == 404


def test_the_longest_reason_is_one_that_the_decision_keeps() -> None:
    """Also where a task type has the longest name, and a person the longest too."""
    longest = ruling(NO_POLICY, Route.PERSON, "x" * 1_000, 1.0)
    assert len(longest.reason) == Decision._meta.get_field("reason").max_length
