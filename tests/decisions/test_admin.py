"""The admin site's pages of tasks, decisions and the policy: the same rules and services as the API."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agentic.models import Event, User
from decisions.models import (
    Attempt,
    Comment,
    Decision,
    Escalation,
    Feedback,
    PolicyDraft,
    Review,
    ReviewPolicy,
    Task,
)
from tests.decisions.floor import Floor

STORIES = (Task, Attempt, Decision, Review, Escalation, Feedback, Comment)
MODELS = (*STORIES, ReviewPolicy, PolicyDraft)
FORM = {
    "threshold": "0.75",
    "task_types": '{"refund": 0.95}',
    "priorities": '{"critical": null}',
    "sample_share": "0.1",
    "review_seconds": "3600",
    "note": "looser",
}
POLICIES, ADD = "/admin/decisions/reviewpolicy/", "/admin/decisions/reviewpolicy/add/"


def site_for(user: User) -> Client:
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    client = Client()
    client.force_login(user, backend="agentic.passwords.PasswordBackend")
    return client


@pytest.fixture
def site(admin: User) -> Client:
    return site_for(admin)


def list_of(model: type[Any]) -> str:
    return reverse(f"admin:decisions_{model._meta.model_name}_changelist")


def page_of(row: Any) -> str:
    return reverse(f"admin:decisions_{row._meta.model_name}_change", args=[row.pk])


def act(site: Client, page: str, action: str, *ids: Any, **answers: Any) -> str:
    """What the page says after the action; with `answers` its question was answered."""
    chosen = {"action": action, "_selected_action": ids, "index": "0"}
    said = {"answered": "1", **answers} if answers else {}
    return site.post(page, chosen | said, follow=True).content.decode()


def some_of_everything(floor: Floor, times: int) -> None:
    """Each with a decision, a review, its feedback, and an escalation that is over."""
    for number in range(times):
        task_id, token = floor.working(title=f"task {number}")
        decision = floor.complete(task_id, token)["decision_id"]
        floor.review(decision, "reject", reason_code="wrong")
        floor.escalate(task_id)
        author = User.objects.get(username=floor.operator.label)
        Comment.objects.create(task_id=task_id, author=author, text=f"note {number}")
        PolicyDraft.objects.create(rules={}, created_by=author)


@pytest.mark.parametrize("model", MODELS)
def test_a_list_costs_the_same_however_long_it_is(
    site: Client, floor: Floor, model: type[Any]
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert site.get(list_of(model)).status_code == 200
        return len(queries)

    some_of_everything(floor, 1)
    first = cost()
    some_of_everything(floor, 4)
    assert cost() == first <= 9


@pytest.mark.parametrize("model", MODELS)
def test_every_row_has_a_page_and_nothing_on_it_can_be_changed(
    site: Client, floor: Floor, model: type[Any]
) -> None:
    some_of_everything(floor, 1)
    row = model._default_manager.first()
    page = site.get(page_of(row)).content.decode()
    assert "_save" not in page
    assert site.post(page_of(row), {"state": "verified", "note": "x"}).status_code == 403
    delete = page_of(row).replace("/change/", "/delete/")
    assert site.post(delete, {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("model", STORIES)
def test_nothing_is_added_but_policies(site: Client, model: type[Any]) -> None:
    assert site.get(f"{list_of(model)}add/").status_code == 403


@pytest.mark.parametrize("model", STORIES)
def test_a_row_is_found_by_its_id_and_by_its_task(
    site: Client, floor: Floor, model: type[Any]
) -> None:
    some_of_everything(floor, 2)
    row = model._default_manager.first()
    task_id = row.pk if model is Task else row.task_id
    for wanted in (row.pk, task_id):
        page = site.get(list_of(model), {"q": wanted})
        assert row in page.context["cl"].queryset
        assert {getattr(found, "task_id", found.pk) for found in page.context["cl"].queryset} == {
            task_id
        }
    assert site.get(list_of(model), {"q": "read"}).status_code == 200


@pytest.mark.parametrize("model", STORIES)
def test_its_links_lead_somewhere(site: Client, floor: Floor, model: type[Any]) -> None:
    some_of_everything(floor, 1)
    row = model._default_manager.first()
    for page in (list_of(model), page_of(row)):
        links = re.findall(
            r'href="(/admin/(?:decisions|agents|agentic)/[^"]+)"', site.get(page).content.decode()
        )
        assert links
        for address in set(links):
            assert site.get(address.replace("&amp;", "&")).status_code == 200, address


def test_no_page_shows_a_lease_token(site: Client, floor: Floor) -> None:
    floor.working()
    attempt = Attempt.objects.get()
    for address in (list_of(Attempt), page_of(attempt), page_of(attempt.task)):
        page = site.get(address).content.decode()
        assert str(attempt.lease_token) not in page
        assert attempt.lease_token.hex not in page


@pytest.mark.django_db
def test_each_sees_what_the_api_would_show(
    manager: User, reviewer: User, viewer: User, stranger: User
) -> None:
    seen = {
        person.username: {
            model.__name__
            for model in MODELS
            if site_for(person).get(list_of(model)).status_code == 200
        }
        for person in (manager, reviewer, viewer, stranger)
    }
    tasks = {"Task", "Attempt", "Comment"}
    assert seen == {
        "max": tasks | {"ReviewPolicy", "PolicyDraft"},
        "rita": {model.__name__ for model in MODELS},
        "vera": tasks,
        "sam": set(),
    }


def test_where_it_takes_two_no_version_is_added_here(site: Client) -> None:
    assert site.get(ADD).status_code == 403
    assert site.post(ADD, FORM).status_code == 403
    assert ReviewPolicy.objects.count() == 1


@pytest.mark.usefixtures("alone")
class TestPolicies:
    def test_to_add_a_version_publishes_it(self, site: Client, admin: User) -> None:
        assert site.post(ADD, FORM).status_code == 302
        policy = ReviewPolicy.objects.get(is_active=True)
        assert (policy.version, policy.threshold, policy.created_by) == (2, 0.75, admin)
        assert (policy.task_types, policy.priorities) == ({"refund": 0.95}, {"critical": None})
        event = Event.objects.get(entity_id=policy.pk)
        assert (event.event_type, event.source) == ("policy.activated", "admin")

    def test_empty_fields_mean_a_person_and_no_exceptions(self, site: Client) -> None:
        site.post(ADD, FORM | {"threshold": "", "task_types": "", "priorities": "{}"})
        policy = ReviewPolicy.objects.get(version=2)
        assert (policy.threshold, policy.task_types, policy.priorities) == (None, {}, {})

    def test_the_form_begins_with_what_rules_now(self, site: Client) -> None:
        form = site.get(ADD).context["adminform"].form
        assert form.initial["threshold"] == 0.9
        assert form.initial["priorities"] == {"critical": None}
        assert form.initial["note"] == ""
        assert "Empty always asks a person." in form.as_p()

    @pytest.mark.parametrize(
        ("field", "value", "text"),
        [
            ("threshold", "1.2", "from 0 to 1"),
            ("threshold", "nan", ""),
            ("task_types", '{"refund": 2}', "refund: a number"),
            ("task_types", '{"a\\u0000": 1}', "NUL"),
            ("task_types", "[]", "an object"),
            ("priorities", '{"urgent": 1}', "low, medium, high, critical"),
            ("priorities", "{", "valid JSON"),
            ("sample_share", "", "required"),
            ("sample_share", "-1", "from 0 to 1"),
            ("review_seconds", "0", "whole number"),
            ("review_seconds", "9" * 40, ""),
            ("note", "x" * 301, "300"),
        ],
    )
    def test_what_makes_no_sense_stands_at_its_field(
        self, site: Client, field: str, value: str, text: str
    ) -> None:
        answer = site.post(ADD, FORM | {field: value})
        assert answer.status_code == 200
        errors = answer.context["adminform"].form.errors
        assert list(errors) == [field]
        assert text in str(errors[field])
        assert ReviewPolicy.objects.count() == 1

    def test_no_sample_needs_a_note(self, site: Client) -> None:
        answer = site.post(ADD, FORM | {"sample_share": "0", "note": ""})
        assert "say in the note why" in answer.content.decode()
        assert site.post(ADD, FORM | {"sample_share": "0"}).status_code == 302

    def test_an_older_version_is_made_active(self, site: Client) -> None:
        site.post(ADD, FORM)
        older, newer = ReviewPolicy.objects.order_by("version")
        assert "Version 1 is active." in act(site, POLICIES, "activate", older.pk)
        assert ReviewPolicy.objects.get(is_active=True) == older
        assert "Choose one version." in act(site, POLICIES, "activate", older.pk, newer.pk)

    def test_a_manager_reads_it_and_publishes_nothing(self, manager: User) -> None:
        site = site_for(manager)
        first = ReviewPolicy.objects.get()
        assert site.get(page_of(first)).status_code == 200
        assert site.post(ADD, FORM).status_code == 403
        ReviewPolicy.objects.update(is_active=False)
        act(site, POLICIES, "activate", first.pk)
        assert not ReviewPolicy.objects.filter(is_active=True).exists()
