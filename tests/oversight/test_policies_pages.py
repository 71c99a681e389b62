"""The review policy on its pages: what rules, drafts with what they would do, and who publishes them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agentic.actors import Actor
from agentic.models import User
from decisions.models import Decision, PolicyDraft, ReviewPolicy
from decisions.services.drafts import (
    close_draft,
    edit_draft,
    publish_draft,
    read_draft,
    simulate_draft,
)
from mlregistry.models import RegisteredModel
from oversight.policy_words import changes, sentences
from tests.decisions.floor import activate_policy
from tests.decisions.test_drafts import RULES, acting, modelled, scored, tried, written
from tests.decisions.test_risk_in_use import go_live
from tests.oversight.conftest import Browse

__all__ = ["modelled", "scored"]
HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>"
FORM = {
    "budget": "share", "share_value": "20", "threshold": "0.9", "task_types": "{}", "priorities": "{}",
    "sample_share": "5", "review_hours": "24", "note": "as much as we can",
}  # fmt: skip


@pytest.fixture
def author(reviewer: User) -> Actor:
    return acting(reviewer)


@pytest.fixture
def site(browse: Browse, reviewer: User) -> Client:
    return browse(reviewer)


@pytest.fixture
def boss(browse: Browse, admin: User) -> Client:
    return browse(admin)


def by_risk_of(version: str, **values: Any) -> ReviewPolicy:
    """From now on a policy rules whose threshold of risk was found for this version of the model."""
    budget = {"budget": "share", "budget_value": 0.2, "risk_threshold": 0.12}
    return activate_policy(**budget, risk_model_version=version, **values)


@pytest.fixture
def models(settings: Any, tmp_path: Path) -> Path:
    settings.MODEL_ROOT = tmp_path
    return tmp_path


def draft_page(draft: PolicyDraft, name: str = "") -> str:
    return reverse(f"policy_draft{name}", args=[draft.pk])


def test_what_rules_stands_there_in_words(site: Client) -> None:
    page = site.get(reverse("policies")).content.decode()
    assert "A person looks below a confidence of 0.9." in page
    assert "Priority critical: always a person." in page
    assert "Of what would pass, 5 % goes to people anyway" in page


def test_a_policy_with_a_budget_says_what_is_accepted() -> None:
    rules = RULES | {"budget": "error", "budget_value": 0.05, "risk_threshold": 0.2}
    told = list(sentences(rules | {"sample_share": 0}))
    assert told[0] == "Of what nobody looks at, 5 % may be wrong."
    assert told[1] == "A person looks from a predicted risk of 0.2 on."
    assert "Without a model a person looks below a confidence of 0.8." in told
    assert any("nobody can tell" in sentence for sentence in told)


def test_what_differs_is_named() -> None:
    found = changes(RULES, RULES | {"threshold": None, "budget": "share", "budget_value": 0.2})
    assert [tuple(one) for one in found] == [
        ("Budget", "thresholds alone", "share of people"),
        ("Allowed", "none", "20 %"),
        ("Threshold of confidence", "0.8", "always a person"),
    ]


def test_it_says_when_the_model_is_not_the_one_that_its_threshold_was_found_for(
    site: Client, models: Path
) -> None:
    by_risk_of("1")
    go_live("1")
    assert not site.get(reverse("policies")).context["misfit"]
    go_live("2")
    page = site.get(reverse("policies")).content.decode()
    assert "was found for version 1 of review_risk, and version 2 is live: simulate a new" in page
    by_risk_of("")
    assert "for no version that is known" in site.get(reverse("policies")).content.decode()


def test_it_says_when_no_model_tells_a_risk(site: Client, models: Path) -> None:
    assert not site.get(reverse("policies")).context["misfit"]
    by_risk_of("1")
    page = site.get(reverse("policies")).content.decode()
    assert "No risk is told, as no version is live: the thresholds of confidence hold now." in page
    go_live("1", b"{}")
    assert "as version 1 is unusable" in site.get(reverse("policies")).content.decode()


def test_whoever_lets_a_model_go_live_hears_what_the_policy_was_found_for(
    browse: Browse, manager: User, models: Path
) -> None:
    by_risk_of("1")
    go_live("1")
    RegisteredModel.objects.create(name="review_risk", version="2")
    page = browse(manager).get(reverse("model", args=["review_risk"])).content.decode()
    (said,) = re.findall(r'<p class="notice warn">(.*?)</p>', page)
    assert "was found for version 1 of review_risk, not for this one: simulate a new draft" in said


def test_the_form_begins_with_what_rules(site: Client) -> None:
    form = site.get(reverse("policy_new")).context["form"]
    assert (form["threshold"].value(), form["sample_share"].value()) == (0.9, 5)
    assert form["review_hours"].value() == 24


def test_one_writes_a_draft_in_percent_and_hours(site: Client, reviewer: User) -> None:
    answer = site.post(reverse("policy_draft_write"), FORM)
    draft = PolicyDraft.objects.get()
    assert answer["Location"] == draft_page(draft)
    assert (draft.rules["budget"], draft.rules["budget_value"]) == ("share", 0.2)
    assert (draft.rules["sample_share"], draft.rules["review_seconds"]) == (0.05, 86_400)
    assert draft.created_by == reviewer
    assert b"Not simulated yet" in site.get(answer["Location"]).content


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"share_value": ""}, "share_value"),
        ({"share_value": "0"}, "share_value"),
        ({"share_value": "101"}, "share_value"),
        ({"budget": "error", "error_value": ""}, "error_value"),
        ({"budget": "hours"}, "budget"),
        ({"threshold": "nan"}, "threshold"),
        ({"task_types": '{"refund": 2}'}, "task_types"),
        ({"task_types": '{"a\\u0000": 1}'}, "task_types"),
        ({"priorities": '{"urgent": 1}'}, "priorities"),
        ({"sample_share": ""}, "sample_share"),
        ({"sample_share": "0", "note": ""}, "sample_share"),
        ({"review_hours": "0"}, "review_hours"),
        ({"review_hours": "9" * 30}, "review_hours"),
        ({"note": "x" * 301}, "note"),
    ],
)
def test_a_bad_form_keeps_what_was_typed(site: Client, said: dict[str, str], field: str) -> None:
    answer = site.post(reverse("policy_draft_write"), FORM | {"threshold": "0.77"} | said)
    assert answer.status_code == 400
    form = answer.context["form"]
    assert list(form.errors) == [field]
    page = answer.content.decode()
    assert 'value="0.77"' in page or field == "threshold"
    assert not PolicyDraft.objects.exists()


def test_its_author_changes_it_and_nobody_else(site: Client, boss: Client, author: Actor) -> None:
    draft = written(author)
    assert site.get(draft_page(draft, "_edit")).context["form"]["threshold"].value() == 0.8
    assert site.post(draft_page(draft, "_change"), FORM).status_code == 302
    assert site.post(draft_page(draft, "_change"), FORM | {"threshold": "x"}).status_code == 400
    draft.refresh_from_db()
    assert draft.rules["budget"] == "share"
    assert boss.get(draft_page(draft, "_edit")).status_code == 403
    assert boss.post(draft_page(draft, "_change"), FORM).status_code == 403


def test_from_the_draft_to_the_policy(
    site: Client, boss: Client, scored: list[Decision], modelled: None, author: Actor
) -> None:
    draft = written(author, budget="share", budget_value=0.5, task_types={}, priorities={})
    told = site.post(draft_page(draft, "_simulate"), headers=HTMX).content.decode()
    assert "Tried on 200 past decisions" in told
    page = site.get(draft_page(draft)).content.decode()
    assert "What it would do" in page
    assert "diagram-chosen" in page
    assert "You wrote it: somebody else publishes it." in page
    assert draft_page(draft, "_publish") not in page
    assert site.post(draft_page(draft, "_publish")).status_code == 403
    assert draft_page(draft, "_publish") in boss.get(draft_page(draft)).content.decode()
    unseen = boss.post(draft_page(draft, "_publish"), headers=HTMX)
    assert (unseen.status_code, b"seen: the page did not say" in unseen.content) == (400, True)
    answer = boss.post(draft_page(draft, "_publish"), seen_of(draft), headers=HTMX)
    assert answer.status_code == 200
    assert ReviewPolicy.objects.get(is_active=True).budget == "share"
    assert "People look at 50 % of all" in boss.get(reverse("policies")).content.decode()


def test_nobody_publishes_what_they_have_not_seen(boss: Client, author: Actor) -> None:
    draft = tried(author)
    page = boss.get(draft_page(draft)).content.decode()
    seen = seen_of(draft)
    assert f'value="{seen["seen"]}"' in page
    edit_draft(actor=author, draft_id=draft.pk, rules=RULES | {"threshold": 0.1})
    simulate_draft(actor=author, draft_id=draft.pk)
    refused = boss.post(draft_page(draft, "_publish"), seen)
    assert refused.status_code == 409
    assert "since you looked" in refused.content.decode()
    answer = boss.post(draft_page(draft, "_publish"), seen_of(draft), headers=HTMX)
    assert answer.status_code == 200


def seen_of(draft: PolicyDraft) -> dict[str, str]:
    """What its page sends along."""
    simulated_at = read_draft(draft.pk).simulated_at
    assert simulated_at is not None
    return {"seen": simulated_at.isoformat()}


def test_the_publisher_sees_what_rules_now_and_not_what_is_as_it_was(
    boss: Client, author: Actor
) -> None:
    ruled = {"budget": "share", "budget_value": 0.2, "risk_threshold": 0.12}
    ReviewPolicy.objects.filter(is_active=True).update(is_active=False)
    ReviewPolicy.objects.create(version=2, is_active=True, **ruled)
    draft = written(author, **ruled)
    told = {change.label: change for change in boss.get(draft_page(draft)).context["changes"]}
    assert "Risk from which people look" not in told
    assert "Allowed" not in told


def test_what_no_threshold_was_found_for_says_why_and_has_no_button(
    boss: Client, author: Actor
) -> None:
    draft = tried(author, budget="error", budget_value=0.05)
    page = boss.get(draft_page(draft)).content.decode()
    assert "No threshold of risk was found" in page
    assert "It cannot be published as it is. No threshold was found: there are no past" in page
    assert draft_page(draft, "_publish") not in page
    assert boss.post(draft_page(draft, "_publish")).status_code == 409


def test_its_author_is_told_why_it_cannot_be_published(
    site: Client, boss: Client, author: Actor, settings: Any
) -> None:
    draft = tried(author, budget="error", budget_value=0.05)
    for browser in (site, boss):
        page = browser.get(draft_page(draft)).content.decode()
        assert "It cannot be published as it is. No threshold was found" in page
        assert "somebody else publishes it" not in page
    settings.POLICY_TWO_PEOPLE = False
    page = site.get(draft_page(tried(author))).content.decode()
    assert "somebody else publishes it" not in page
    assert "An admin publishes it." in page


def test_a_published_draft_names_the_version_that_it_was_held_against(
    boss: Client, author: Actor
) -> None:
    draft = tried(author)
    assert b"Active then (version 1)" in boss.get(draft_page(draft)).content
    boss.post(draft_page(draft, "_publish"), seen_of(draft))
    page = boss.get(draft_page(draft)).content.decode()
    assert "Active then (version 1)" in page
    assert "active now" not in page.lower()


def test_open_drafts_come_first_and_all_are_reached(site: Client, author: Actor) -> None:
    oldest = written(author)
    for _ in range(20):
        close_draft(actor=author, draft_id=written(author).pk)
    first = site.get(reverse("policies")).context
    assert (first["drafts"][0], len(first["drafts"])) == (oldest, 20)
    page = site.get(reverse("policies"), {"drafts": first["next_drafts"]})
    assert len(page.context["drafts"]) == 1
    assert page.context["next_drafts"] is None
    assert "First drafts" in page.content.decode()
    assert "More drafts" not in page.content.decode()


def test_each_version_says_when_it_took_effect_last(
    boss: Client, author: Actor, operator: Actor
) -> None:
    publish_draft(actor=operator, draft_id=tried(author).pk)
    activate_policy_by_click(boss, 1)
    context = boss.get(reverse("policies")).context
    (second, published), (first, back) = context["versions"]
    assert (second.version, first.version) == (2, 1)
    assert first.created_at < published < back == context["active_since"]
    assert "Activate 2" in boss.get(reverse("policies")).content.decode()
    assert "Go back" not in boss.get(reverse("policies")).content.decode()


def activate_policy_by_click(browser: Client, version: int) -> None:
    answer = browser.post(reverse("policy_activate", args=[version]), headers=HTMX)
    assert answer.status_code == 200


def test_fields_of_json_bring_up_letters(site: Client) -> None:
    page = site.get(reverse("policy_new")).content.decode()
    keys = dict(re.findall(r'name="([a-z_]+)"[^>]*inputmode="(\w+)"', page))
    assert (keys["task_types"], keys["priorities"]) == ("text", "text")
    assert (keys["threshold"], keys["sample_share"]) == ("decimal", "decimal")


def test_no_sample_is_said_loudly(boss: Client, author: Actor) -> None:
    draft = tried(author, sample_share=0)
    assert "nobody can tell how much of it is wrong" in boss.get(draft_page(draft)).content.decode()


def test_a_draft_is_put_aside(site: Client, author: Actor) -> None:
    draft = written(author)
    assert site.post(draft_page(draft, "_close"), headers=HTMX).status_code == 200
    page = site.get(draft_page(draft)).content.decode()
    assert "closed" in page
    assert draft_page(draft, "_simulate") not in page


def test_an_admin_goes_back_to_a_version(boss: Client, site: Client, author: Actor) -> None:
    draft = tried(author)
    boss.post(draft_page(draft, "_publish"), seen_of(draft))
    back = reverse("policy_activate", args=[1])
    assert back in boss.get(reverse("policies")).content.decode()
    assert back not in site.get(reverse("policies")).content.decode()
    assert boss.post(back, headers=HTMX).status_code == 200
    assert ReviewPolicy.objects.get(is_active=True).version == 1


def test_what_was_typed_is_shown_as_text(boss: Client, author: Actor) -> None:
    draft = tried(author, note=HOSTILE)
    for address in (draft_page(draft), reverse("policies")):
        page = boss.get(address).content.decode()
        assert HOSTILE not in page
        assert "&lt;img src=x" in page


def test_a_list_costs_the_same_however_long_it_is(site: Client, author: Actor) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert site.get(reverse("policies")).status_code == 200
        return len(queries)

    written(author)
    site.get(reverse("policies"))
    first = cost()
    for _ in range(5):
        written(author)
    for version in range(2, 6):
        ReviewPolicy.objects.create(version=version)
    assert cost() == first


def test_parts_fetch_themselves(site: Client, author: Actor) -> None:
    draft = written(author)
    simulate_draft(actor=author, draft_id=draft.pk)
    for address in (reverse("policies"), draft_page(draft)):
        part: Any = site.get(address, headers=HTMX).content.decode()
        assert "<html" not in part
        assert 'data-live="policies"' in part


def test_what_is_not_there_is_not_found(boss: Client) -> None:
    assert boss.get(reverse("policy_draft", args=[uuid4()])).status_code == 404
    assert boss.post(reverse("policy_activate", args=[99])).status_code == 404
    for name, text in (("before", "x"), ("drafts", "x"), ("drafts", "0"), ("before", "9" * 11)):
        assert boss.get(reverse("policies"), {name: text}).status_code == 400
