"""The audit log on its page: what it finds, what it shows of a change, and what it says of the chain."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agentic.actors import Actor
from agentic.append_only import guard, unguard
from agentic.audits import record
from agentic.models import Audit, AuditHead, User
from agentic.vocabulary import AuditAction
from agents.models import Agent
from oversight.selectors import audits as selector
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true", "HX-Target": "log"}
HOSTILE = "<img src=x onerror=alert(1)>{{ 7 }}"


@pytest.fixture
def site(browse: Browse, admin: User) -> Client:
    return browse(admin)


@pytest.fixture
def acts(operator: Actor, platform: Actor, agent: Agent) -> list[Audit]:
    """One act with a change and a reason, some without, by two who act."""
    changed = {"before": {"threshold": 0.9, "note": HOSTILE}, "after": {"threshold": 0.8}}
    return [
        record(
            AuditAction.POLICY_PUBLISHED,
            actor=operator,
            entity_type="policy",
            entity_id=agent.pk,
            reason=HOSTILE,
            **changed,
        ),
        record(AuditAction.SIGNED_IN, actor=operator, method="password"),
        record(AuditAction.EXPORTED, actor=platform, entity_type="audit", format="csv"),
    ]


def listed(site: Client, **asked: Any) -> list[int]:
    answer = site.get(reverse("audit_log"), asked)
    assert answer.status_code == 200
    return [row.number for row in answer.context["found"].rows]


def numbers(**wanted: Any) -> list[int]:
    rows = Audit.objects.filter(**wanted).order_by("-number")
    return list(rows.values_list("number", flat=True))


def test_the_newest_stands_first(site: Client, acts: list[Audit]) -> None:
    assert listed(site) == numbers()


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"action": "policy.published"}, {"action": "policy.published"}),
        ({"who": "PLAT"}, {"actor_label": "platform"}),
        ({"entity_type": "agent"}, {"entity_type": "agent"}),
        ({"entity_type": "nothing"}, {"entity_type": "nothing"}),
        ({"action": "data.exported", "who": "ada"}, {"action": "data.exported", "number": -1}),
    ],
)
def test_it_finds_what_is_asked_for(
    site: Client, acts: list[Audit], asked: dict[str, str], wanted: dict[str, Any]
) -> None:
    assert listed(site, **asked) == numbers(**wanted)


def test_it_finds_all_about_one_thing(site: Client, acts: list[Audit], agent: Agent) -> None:
    found = listed(site, entity_id=str(agent.pk))
    assert found == numbers(entity_id=str(agent.pk))
    assert len(found) >= 2


def test_it_looks_at_a_time(site: Client, acts: list[Audit]) -> None:
    now = timezone.now()
    hour = {name: now + timedelta(hours=by) for name, by in (("since", -1), ("until", 1))}
    said = {name: f"{at:%Y-%m-%dT%H:%M}" for name, at in hour.items()}
    assert listed(site, **said) == numbers()
    assert listed(site, until=said["since"]) == []
    assert listed(site, since=said["until"]) == []


def test_page_by_page_everything_comes_once(
    site: Client, acts: list[Audit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selector, "PAGE", 2)
    found, before = listed(site), site.get(reverse("audit_log")).context["found"].older
    while before is not None:
        page = site.get(reverse("audit_log"), {"before": before}).context["found"]
        found += [row.number for row in page.rows]
        before = page.older
    assert found == numbers()


def test_what_no_index_leads_to_is_looked_for_a_stretch_at_a_time(
    site: Client, acts: list[Audit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selector, "MOST_SEARCHED", 1)
    found = site.get(reverse("audit_log"), {"action": "policy.published"}).context["found"]
    assert found.rows == []
    assert found.older == acts[-1].number - 1
    assert found.edge is not None


def test_a_change_is_shown_with_before_and_after(site: Client, acts: list[Audit]) -> None:
    answer = site.get(reverse("audit", args=[acts[0].number]))
    changes = {change.name: (change.before, change.after) for change in answer.context["changes"]}
    assert changes == {"threshold": (0.9, 0.8), "note": (HOSTILE, None)}
    assert acts[0].hash in answer.content.decode()


def test_what_is_no_change_is_shown_too(site: Client, acts: list[Audit]) -> None:
    answer = site.get(reverse("audit", args=[acts[1].number]), headers=HTMX)
    assert answer.context["changes"] == []
    assert answer.context["besides"] == {"method": "password"}
    assert b"<html" not in answer.content


@pytest.mark.parametrize("number", [0, 10**6, 2**63, 10**30])
def test_a_row_that_is_not_there_is_not_found(site: Client, number: int) -> None:
    assert site.get(reverse("audit", args=[number])).status_code == 404


def test_hostile_text_is_shown_and_does_nothing(site: Client, acts: list[Audit]) -> None:
    for address in (reverse("audit_log"), reverse("audit", args=[acts[0].number])):
        said = site.get(address).content.decode()
        assert "&lt;img src=x onerror=alert(1)&gt;{{ 7 }}" in said
        assert "<img" not in said


def test_it_tells_the_end_of_the_chain(site: Client, acts: list[Audit]) -> None:
    said = site.get(reverse("audit_log")).content.decode()
    assert f"{acts[-1].number}:{acts[-1].hash}" in said


def test_the_newest_rows_are_checked_on_demand(site: Client, acts: list[Audit]) -> None:
    answer = site.get(reverse("audit_check"))
    assert answer.context["result"] == (len(numbers()), None)
    assert b"as they were written" in answer.content


def tampered(sql: str, *params: Any) -> None:
    unguard(connection, "audits")
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
    finally:
        guard(connection, "audits")


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audits SET reason = 'another' WHERE number = %s",
        "UPDATE audits SET details = '{}' WHERE number = %s",
        "DELETE FROM audits WHERE number = %s",
    ],
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_row_that_was_tampered_with_shows(
    site: Client, acts: list[Audit], sql: str, place: int
) -> None:
    tampered(sql, acts[place].number)
    result = site.get(reverse("audit_check")).context["result"]
    assert result.wrong is not None
    assert result.wrong >= acts[place].number


def test_a_head_that_was_set_back_shows(site: Client, acts: list[Audit]) -> None:
    AuditHead.objects.update(hash="0" * 64)
    answer = site.get(reverse("audit_check"))
    assert answer.context["result"].wrong == acts[-1].number + 1
    assert b'class="notice bad"' in answer.content


def test_only_so_many_are_checked(
    site: Client, acts: list[Audit], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selector, "CHECKED", 2)
    tampered("UPDATE audits SET reason = 'another' WHERE number = %s", acts[0].number)
    assert selector.check_newest() == (2, None)


def test_details_that_somebody_has_spoilt_are_shown_as_they_are(
    site: Client, acts: list[Audit]
) -> None:
    tampered("UPDATE audits SET details = %s WHERE number = %s", "{not json", acts[0].number)
    assert "{not json" in site.get(reverse("audit", args=[acts[0].number])).content.decode()
    assert site.get(reverse("audit_log")).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("action", "sun.risen"),
        ("who", "a\0b"),
        ("entity_id", "x" * 65),
        ("before", "-1"),
        ("since", "x"),
    ],
)
def test_it_names_what_cannot_be_asked(site: Client, name: str, value: str) -> None:
    answer = site.get(reverse("audit_log"), {name: value})
    assert list(answer.context["form"].errors) == [name]
    assert b'class="wrong"' in answer.content


@pytest.mark.parametrize("asked", [{}, {"action": "sign_in.succeeded"}, {"entity_type": "agent"}])
def test_ten_rows_take_no_more_queries_than_one(
    site: Client, operator: Actor, asked: dict[str, str]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            listed(site, **asked)
        return len(captured)

    listed(site)
    few = queries()
    for _ in range(10):
        record(AuditAction.SIGNED_IN, actor=operator, entity_type="agent")
    assert queries() == few
