"""The dashboard: in one look, whether all is well, for each role what it may see."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from agentic.heartbeats import Heart
from agentic.models import User
from agents.services import register_agent
from decisions.models import Decision, StopScope
from decisions.models.decision import Route
from decisions.services.stops import set_stop
from oversight.pages import dashboard
from oversight.selectors import over_time
from oversight.selectors.saved import saved
from tests.decisions.floor import Floor, activate_policy, let_pass

Browse = Callable[[User], Client]
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def read_anew() -> Iterator[None]:
    """Nothing that another test has read."""
    for kept in (over_time.course, dashboard.health, dashboard.unseen, saved):
        kept.values.clear()
    yield
    for kept in (over_time.course, dashboard.health, dashboard.unseen, saved):
        kept.values.clear()


@pytest.fixture
def sweeping(db: None) -> None:
    Heart("sweep").beat()


def page(browser: Client, **query: Any) -> str:
    answer = browser.get("/dashboard", query)
    assert answer.status_code == 200
    return answer.content.decode()


def part(browser: Client, name: str) -> str:
    answer = browser.get("/dashboard", headers={"HX-Request": "true", "HX-Target": name})
    assert answer.status_code == 200
    return answer.content.decode()


def tiles(text: str) -> dict[str, tuple[str, str]]:
    """What each tile counts: the number, and where it leads."""
    found = re.findall(
        r'<a class="tile[^"]*" href="([^"]*)">\s*<span class="tile-number">([^<]*)</span>'
        r'\s*<span class="tile-name">([^<]*)</span>',
        text,
    )
    return {name: (number, unescape(address)) for address, number, name in found}


def numbers(text: str) -> dict[str, str]:
    return {name: number for name, (number, _) in tiles(text).items()}


# Whether all is well.


def test_it_says_that_all_is_well(browse: Browse, admin: User, sweeping: None) -> None:
    assert "All is well" in page(browse(admin))


def test_it_says_when_a_part_of_the_platform_is_away(browse: Browse, viewer: User) -> None:
    text = page(browse(viewer))
    assert "All is well" not in text
    assert "no sweep has run yet" in text


def test_it_counts_what_there_is(browse: Browse, admin: User, floor: Floor) -> None:
    for state in ("queued", "in_progress", "completed", "escalated"):
        floor.bring_to(state)
    assert numbers(page(browse(admin))) == {
        "escalated": "1",
        "overdue": "0",
        "stops on": "0",
        "waiting for a person": "1",
        "queued": "1",
        "running": "1",
        "saved": "-",
    }


def passed(floor: Floor, times: int) -> None:
    activate_policy(threshold=0)
    for _ in range(times):
        task_id, token = floor.working()
        floor.complete(task_id, token, confidence=0.9)


def test_hours_saved_stand_there_with_their_interval_and_n(
    browse: Browse, admin: User, viewer: User, floor: Floor
) -> None:
    for seconds in (20, 30, 40):
        task_id, token = floor.working()
        decision = floor.complete(task_id, token)["decision_id"]
        floor.review(decision, "approve", seconds_spent=seconds)
    passed(floor, 5)
    text = page(browse(admin))
    assert numbers(text)["saved"] == "0.0 h"
    assert "5 decisions that nobody had to look at in 30 days, by 3 timed reviews" in text
    assert "saved" not in numbers(page(browse(viewer)))


def ruling(budget: str, allowed: float, **values: Any) -> int:
    """The number of the version that rules from now on; whatever it promises is read anew."""
    saved.values.clear()
    return activate_policy(
        budget=budget, budget_value=allowed, risk_threshold=0.2, threshold=1.0, **values
    ).version


def promise(browser: Client) -> str:
    found = re.findall(r'<p class="unseen">\s*<strong>(You accept[^<]*)</strong>', page(browser))
    return found[0] if found else ""


def test_what_was_accepted_stands_beside_what_is(
    browse: Browse, admin: User, viewer: User, floor: Floor
) -> None:
    version = ruling("error", 0.05, sample_share=0.5)
    asked = "You accept 5 % wrong among what nobody looks at;"
    told = f"{asked} since version {version} took effect it cannot be told yet."
    assert promise(browse(admin)) == told
    assert promise(browse(viewer)) == ""


def test_a_version_is_judged_by_what_it_let_pass_itself(
    browse: Browse, admin: User, floor: Floor
) -> None:
    before = ruling("error", 0.05, sample_share=0.5)
    drawn(floor, "reject", reason_code="wrong")
    assert "is 100 % (" in promise(browse(admin))
    assert "That is not shown to be within it." in promise(browse(admin))
    after = ruling("error", 0.05, sample_share=0.5)
    assert f"since version {after} took effect it cannot be told yet" in promise(browse(admin))
    drawn(floor, "approve")
    saved.values.clear()
    assert f"since version {after} took effect the estimate is 0 % (0 to 81 %" in promise(
        browse(admin)
    )
    assert before < after


def test_so_is_the_share_that_went_to_people(browse: Browse, admin: User, floor: Floor) -> None:
    passed(floor, 3)
    version = ruling("share", 0.2)
    told = (
        f"You accept 20 % to people; since version {version} took effect nothing was decided yet."
    )
    assert promise(browse(admin)) == told
    for _ in range(4):
        floor.bring_to("completed")
    saved.values.clear()
    said = promise(browse(admin))
    assert "since version" in said
    assert "it was 100 % (51 to 100 %, n = 4). That is more." in said


def test_what_rules_for_long_is_held_to_its_last_days(
    browse: Browse, admin: User, floor: Floor
) -> None:
    version = ruling("share", 0.2, created_at=timezone.now() - timedelta(days=40))
    assert f"in the last 30 days of version {version} nothing" in promise(browse(admin))


def test_beside_the_promise_it_says_that_no_model_tells_a_risk(
    browse: Browse, admin: User, viewer: User, floor: Floor
) -> None:
    ruling("share", 0.2)
    assert "No risk is told, as no version is live" in page(browse(admin))
    assert "No risk is told" not in page(browse(viewer))


def test_it_raises_the_alarm_for_what_is_overdue(
    browse: Browse, viewer: User, floor: Floor, sweeping: None
) -> None:
    task_id, _ = floor.working()
    let_pass(task_id)
    text = page(browse(viewer))
    assert numbers(text)["overdue"] == "1"
    assert "Look at this" in text


def test_it_raises_the_alarm_for_a_stop(
    browse: Browse, manager: User, floor: Floor, sweeping: None
) -> None:
    set_stop(actor=floor.operator, scope=StopScope.EVERYTHING, reason="fire drill")
    text = page(browse(manager))
    assert numbers(text)["stops on"] == "1"
    assert "All is well" not in text


@pytest.mark.parametrize("role", ["admin", "reviewer", "manager", "viewer"])
def test_each_tile_leads_to_a_list_that_opens(
    browse: Browse, request: pytest.FixtureRequest, role: str
) -> None:
    browser = browse(request.getfixturevalue(role))
    for name, (_, address) in tiles(page(browser)).items():
        assert browser.get(address).status_code == 200, name


# Who sees what.


def test_escalations_stand_on_top_for_those_who_may_see_them(
    browse: Browse, reviewer: User, floor: Floor
) -> None:
    floor.bring_to("escalated", title="Refund 42")
    text = page(browse(reviewer))
    assert "A person must decide" in text
    assert "Refund 42" in text
    assert "look at this" in text


@pytest.mark.parametrize("role", ["viewer", "manager"])
def test_nobody_else_sees_an_escalation(
    browse: Browse, request: pytest.FixtureRequest, role: str, floor: Floor
) -> None:
    floor.bring_to("escalated")
    text = page(browse(request.getfixturevalue(role)))
    assert "A person must decide" not in text
    assert "look at this" not in text
    assert "escalated" not in numbers(text)
    assert "The task needs a person" not in text


def test_agents_are_for_those_who_look_after_them(
    browse: Browse, manager: User, reviewer: User, floor: Floor
) -> None:
    floor.working()
    seen, hidden = page(browse(manager)), page(browse(reviewer))
    assert f'href="/agents/{floor.agent.pk}"' in seen
    assert "1 of 4" in seen
    assert f'href="/agents/{floor.agent.pk}"' not in hidden


# What happens, and over time.


def test_the_newest_events_come_first(browse: Browse, viewer: User, floor: Floor) -> None:
    floor.working()
    text = page(browse(viewer))
    positions = [int(place) for place in re.findall(r'id="event-(\d+)"', text)]
    assert positions == sorted(positions, reverse=True)
    assert 1 < len(positions) <= dashboard.MOST_EVENTS


def test_an_empty_platform_has_no_figures(browse: Browse, viewer: User) -> None:
    text = page(browse(viewer))
    assert "No task was created or verified in this time." in text
    assert "Nothing was decided in this time." in text
    assert "Nothing has happened yet" in text
    assert "0 %" not in text


def test_each_chart_is_a_table_too(browse: Browse, viewer: User, floor: Floor) -> None:
    floor.bring_to("verified")
    text = page(browse(viewer), range="day")
    assert text.count("<figure") == 3
    assert '<th scope="col">created</th>' in text
    assert 'aria-current="true">Last day</a>' in re.sub(r"\s+", " ", text)


def test_another_range_is_refused(browse: Browse, viewer: User) -> None:
    answer = browse(viewer).get("/dashboard", {"range": "year"})
    assert answer.status_code == 400
    assert "range" in answer.content.decode()


@pytest.mark.parametrize("name", ["now", "parts", "over-time"])
def test_each_part_fetches_itself_alone(
    browse: Browse, admin: User, floor: Floor, name: str
) -> None:
    text = part(browse(admin), name).lstrip()
    assert re.match(rf'<(div|section) id="{name}"', text)
    assert "<html" not in text


def test_hostile_words_stay_words(browse: Browse, admin: User, floor: Floor) -> None:
    floor.bring_to("escalated", title=HOSTILE)
    floor.hire(HOSTILE)
    text = page(browse(admin))
    assert HOSTILE not in text
    assert "&lt;script&gt;" in text


def test_it_asks_as_often_for_many_as_for_one(browse: Browse, admin: User, floor: Floor) -> None:
    browser = browse(admin)
    asked = []
    for number in (1, 4):
        for _ in range(number):
            floor.bring_to("escalated")
            floor.bring_to("completed")
        for place in range(number):
            register_agent(actor=floor.operator, name=f"agent {number} {place}")
        over_time.course.values.clear()
        page(browser)
        over_time.course.values.clear()
        with CaptureQueriesContext(connection) as queries:
            page(browser)
        asked.append(len(queries))
    assert asked[0] == asked[1]


def drawn(floor: Floor, verdict: str, **said: Any) -> None:
    """A result that would have passed, drawn for the audit sample and judged."""
    task_id, _ = floor.bring_to("completed")
    decision = Decision.objects.filter(task=task_id)
    decision.update(route=Route.SAMPLE, audit_probability=0.1)
    floor.review(decision.get().pk, verdict, **said)


def test_what_nobody_looked_at_is_told_from_the_sample_alone(
    browse: Browse, viewer: User, floor: Floor
) -> None:
    assert "looked at, in the last 30 days: <strong>no data yet</strong>" in page(browse(viewer))
    dashboard.unseen.values.clear()
    for _ in range(3):
        drawn(floor, "approve")
    drawn(floor, "reject", reason_code="wrong")
    # One that was looked at because the agent was unsure says nothing of the others.
    seen, _ = floor.bring_to("completed")
    floor.review(Decision.objects.get(task=seen).pk, "reject", reason_code="wrong")
    assert "<strong>25 % (4 to 72 %, n = 4)</strong>" in page(browse(viewer))
