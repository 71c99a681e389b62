"""What waits for a second person stands on the dashboard of those who can agree to it, and of nobody else."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agentic.actors import Actor
from agentic.models import User
from decisions.services.drafts import close_draft, draft_policy, publish_draft, simulate_draft
from mlregistry.services.activation_requests import refuse_activation, request_activation
from oversight.selectors.agreement import waiting_for
from tests.mlregistry.shelf import actor_for, trained
from tests.oversight.conftest import Browse

RULES: dict[str, Any] = {
    "threshold": 0.9, "task_types": {}, "priorities": {}, "sample_share": 0.1, "review_seconds": 3600, "budget": "",
    "budget_value": None, "risk_threshold": None,
}  # fmt: skip


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Path) -> None:
    settings.MODEL_ROOT = tmp_path


def draft(author: User, note: str = "less to look at", **rules: Any) -> Any:
    return draft_policy(actor=actor_for(author), rules=RULES | {"note": note} | rules)


def tried(author: User, note: str = "less to look at", **rules: Any) -> Any:
    found = draft(author, note, **rules)
    return simulate_draft(actor=actor_for(author), draft_id=found.pk)


def shown(browse: Browse, person: User) -> dict[str, str]:
    text = browse(person).get(reverse("dashboard")).content.decode()
    _, _, after = text.partition('aria-labelledby="agreement-name"')
    found = re.findall(r'<a href="([^"]*)"><bdi>([^<]*)</bdi>', after.partition("</section>")[0])
    return {unescape(name): address for address, name in found}


def test_a_version_waits_before_all_who_can_agree_but_the_one_who_asked(
    browse: Browse, operator: Actor, manager: User, admin: User, reviewer: User, viewer: User
) -> None:
    model = trained(operator)
    request = request_activation(actor=actor_for(manager), model_id=model.pk)
    assert shown(browse, admin) == {str(model): reverse("model", args=[model.name])}
    for person in (manager, reviewer, viewer):
        assert shown(browse, person) == {}
    refuse_activation(actor=actor_for(admin), request_id=request.pk, reason="not yet")
    assert shown(browse, admin) == {}


def test_a_draft_waits_before_those_who_publish(
    browse: Browse, admin: User, manager: User, reviewer: User, settings: Any
) -> None:
    settings.POLICY_TWO_PEOPLE = True
    one, own = tried(manager, "<b>less</b>"), tried(admin)
    assert shown(browse, admin) == {"<b>less</b>": reverse("policy_draft", args=[one.pk])}
    assert shown(browse, manager) == shown(browse, reviewer) == {}
    close_draft(actor=actor_for(admin), draft_id=one.pk)
    assert shown(browse, admin) == {}
    settings.POLICY_TWO_PEOPLE = False
    assert shown(browse, admin) == {own.note: reverse("policy_draft", args=[own.pk])}


def test_it_asks_twice_however_much_waits(admin: User, manager: User, operator: Actor) -> None:
    for place in range(8):
        tried(manager, f"draft {place}")
    request_activation(actor=actor_for(manager), model_id=trained(operator).pk)
    waiting_for(admin)  # their roles are read once
    with CaptureQueriesContext(connection) as queries:
        assert len(waiting_for(admin)) == 6
    # On PostgreSQL the clock is asked too.
    assert len(queries) == (4 if connection.vendor == "postgresql" else 3)


def test_a_draft_that_nobody_can_publish_yet_waits_for_nobody(
    admin: User, manager: User, operator: Actor
) -> None:
    draft(manager)
    tried(manager, budget="error", budget_value=0.05)
    assert waiting_for(admin) == []
    stale = tried(manager)
    assert [asked.name for asked in waiting_for(admin)] == ["less to look at"]
    publish_draft(actor=actor_for(admin), draft_id=tried(manager).pk)
    assert waiting_for(admin) == []
    assert stale.state == "open"
