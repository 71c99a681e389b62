"""The explorer of events: what it finds, what it hides, and what a page of it costs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agentic.ids import new_id
from agentic.models import Event, User
from oversight.pages.events import MOST_GROWN
from oversight.selectors import events as selector
from tests.decisions.floor import Floor, pending
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true", "HX-Target": "log"}
HOSTILE = "<img src=x onerror=alert(1)>{{ 7 }}"


def listed(site: Client, **asked: Any) -> list[int]:
    """The positions of the events on the page, as they stand there."""
    answer = site.get(reverse("event_log"), asked)
    assert answer.status_code == 200
    return [row["position"] for row in answer.context["found"].rows]


def positions(**wanted: Any) -> list[int]:
    found = Event.objects.filter(**wanted).order_by("-position")
    return list(found.values_list("position", flat=True))


@pytest.fixture
def stories(floor: Floor) -> list[UUID]:
    """One task that was worked on, one that waits for a person, one that was called off."""
    verified, token = floor.working(title=HOSTILE)
    floor.complete(verified, token)
    floor.review(pending(verified).pk, "approve")
    escalated, _ = floor.bring_to("escalated")
    cancelled, _ = floor.bring_to("cancelled")
    return [verified, escalated, cancelled]


@pytest.fixture
def site(browse: Browse, admin: User) -> Client:
    return browse(admin)


def test_all_that_happened_stands_there_the_newest_first(site: Client, stories: list[UUID]) -> None:
    assert listed(site) == positions()


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"entity_type": "agent"}, {"entity_type": "agent"}),
        ({"event_type": "task.verified"}, {"event_type": "task.verified"}),
        ({"source": "agent"}, {"source": "agent"}),
        ({"who": "READ"}, {"actor_label": "reader"}),
        ({"who": "reader", "event_type": "task.acked"}, {"event_type": "task.acked"}),
        ({"correlation_id": "no such request"}, {"correlation_id": "no such request"}),
    ],
)
def test_it_finds_what_is_asked_for(
    site: Client, stories: list[UUID], asked: dict[str, str], wanted: dict[str, str]
) -> None:
    assert listed(site, **asked) == positions(**wanted)


def test_of_a_task_it_finds_what_was_decided_in_it_too(site: Client, stories: list[UUID]) -> None:
    kinds = {"task", "decision"}
    found = Event.objects.filter(position__in=listed(site, entity_id=str(stories[0])))
    assert {*found.values_list("entity_type", flat=True)} == kinds
    assert found.filter(entity_type="task").count() == 6


def test_it_looks_at_a_time(site: Client, stories: list[UUID]) -> None:
    now = timezone.now()
    inside = {"since": now - timedelta(hours=1), "until": now + timedelta(hours=1)}
    said = {name: f"{at:%Y-%m-%dT%H:%M}" for name, at in inside.items()}
    assert listed(site, **said) == positions()
    assert listed(site, until=said["since"]) == []
    assert listed(site, since=said["until"]) == []


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7, 1.0])
def test_halving_finds_the_moment(site: Client, stories: list[UUID], share: float) -> None:
    rows = list(Event.objects.order_by("position"))
    at = rows[int(share * (len(rows) - 1))].created_at
    reached = selector.reached_by(at, rows[-1].position)
    assert not [row for row in rows if row.position <= reached and row.created_at >= at]
    assert not [row for row in rows if row.position > reached and row.created_at < at]


def test_page_by_page_everything_comes_once(
    site: Client, stories: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selector, "PAGE", 4)
    found: list[int] = []
    before: int | None = positions()[0]
    while before is not None:
        page = site.get(reverse("event_log"), {"before": before}).context["found"]
        found += [row["position"] for row in page.rows]
        before = page.older
    assert found == positions()


def test_what_no_index_leads_to_is_looked_for_a_stretch_at_a_time(
    site: Client, stories: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selector, "MOST_SEARCHED", 12)
    newest = positions()[0]
    answer = site.get(reverse("event_log"), {"event_type": "agent.registered"})
    assert answer.context["found"].rows == []
    assert answer.context["found"].older == newest - 12
    assert b"Looked back to" in answer.content
    found: list[int] = []
    before: int | None = newest
    # On PostgreSQL the numbers go on from other tests.
    while before is not None and before >= positions()[-1]:
        asked = {"event_type": "agent.registered", "before": str(before)}
        page = site.get(reverse("event_log"), asked).context["found"]
        found += [row["position"] for row in page.rows]
        before = page.older
    assert found == positions(event_type="agent.registered")


def test_what_has_come_since_goes_on_top(site: Client, stories: list[UUID], floor: Floor) -> None:
    seen = positions()[0]
    floor.queue(title="just now")
    answer = site.get(reverse("event_log"), {"newer": seen, "grown": 7}, headers=HTMX)
    assert b"just now" in answer.content
    new = positions(position__gt=seen)
    assert answer.content.count(b'class="log-row just-in"') == len(new)
    marks = f'name="newer" value="{new[0]}"', f'name="grown" value="{7 + len(new)}"'
    assert all(mark in answer.content.decode() for mark in marks)


def test_what_has_come_since_goes_by_the_filters(
    site: Client, stories: list[UUID], floor: Floor
) -> None:
    seen = positions()[0]
    floor.queue(title="just now")
    asked = {"newer": str(seen), "event_type": "task.verified"}
    answer = site.get(reverse("event_log"), asked, headers=HTMX)
    assert b"log-row" not in answer.content
    assert f'name="newer" value="{positions()[0]}"' in answer.content.decode()


def test_a_page_that_has_grown_long_begins_anew(site: Client, stories: list[UUID]) -> None:
    asked = {"newer": 0, "grown": MOST_GROWN}
    answer = site.get(reverse("event_log"), asked, headers=HTMX)
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#log", "outerHTML")
    assert b'id="newer"' in answer.content


@pytest.mark.parametrize("asked", [{"tail": "off"}, {"before": "5"}, {"until": "2030-01-01T00:00"}])
def test_it_is_live_only_where_the_newest_is_looked_at(
    site: Client, stories: list[UUID], asked: dict[str, str]
) -> None:
    assert b'id="newer"' in site.get(reverse("event_log")).content
    assert b'id="newer"' not in site.get(reverse("event_log"), asked).content


def test_the_address_keeps_what_is_asked_for(site: Client, stories: list[UUID]) -> None:
    asked = {"event_type": "task.created", "who": "", "entity_id": ""}
    answer = site.get(reverse("event_log"), asked, headers=HTMX)
    assert answer["HX-Push-Url"] == "/events?event_type=task.created"
    assert b"<html" not in answer.content


def test_who_may_not_see_escalations_does_not_find_their_events(
    browse: Browse, viewer: User, site: Client, stories: list[UUID]
) -> None:
    hidden = Event.objects.get(event_type="task.escalated")
    vera = browse(viewer)
    assert hidden.position in listed(site)
    assert hidden.position not in listed(vera)
    assert "task.escalated" not in vera.get(reverse("event_log")).content.decode()
    news = vera.get(reverse("event_log"), {"newer": 0}, headers=HTMX)
    assert f"event-{hidden.position}" not in news.content.decode()
    assert vera.get(reverse("event", args=[hidden.position])).status_code == 404
    beside = Event.objects.get(entity_id=hidden.entity_id, version=hidden.version - 1)
    page = vera.get(reverse("event", args=[beside.position]))
    assert page.context["later"] is None
    assert site.get(reverse("event", args=[hidden.position])).status_code == 200


def test_one_event_tells_all_that_it_holds(site: Client, stories: list[UUID]) -> None:
    event = Event.objects.get(event_type="task.verified")
    answer = site.get(reverse("event", args=[event.position]))
    said = answer.content.decode()
    assert all(text in said for text in (str(event.id), str(event.entity_id), "ada", "approve"))
    assert reverse("task", args=[event.entity_id]) in said
    part = site.get(reverse("event", args=[event.position]), headers=HTMX)
    assert b"<html" not in part.content


def test_its_neighbours_are_of_the_same_story(site: Client, stories: list[UUID]) -> None:
    event = Event.objects.get(entity_id=stories[0], version=3)
    context = site.get(reverse("event", args=[event.position])).context
    story = {e.version: e.position for e in Event.objects.filter(entity_id=stories[0])}
    assert (context["earlier"], context["later"]) == (story[2], story[4])


@pytest.mark.parametrize("position", [0, 10**6, 2**63, 10**30])
def test_an_event_that_is_not_there_is_not_found(site: Client, position: int) -> None:
    assert site.get(reverse("event", args=[position])).status_code == 404


def test_hostile_text_is_shown_and_does_nothing(site: Client, stories: list[UUID]) -> None:
    created = Event.objects.get(event_type="task.created", entity_id=stories[0])
    for address in (reverse("event_log"), reverse("event", args=[created.position])):
        said = site.get(address).content.decode()
        assert "&lt;img src=x onerror=alert(1)&gt;{{ 7 }}" in said
        assert "<img" not in said


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("entity_id", "7"),
        ("event_type", "task.eaten"),
        ("entity_type", "god"),
        ("source", "nowhere"),
        ("since", "yesterday"),
        ("who", "a\0b"),
        ("correlation_id", "x" * 65),
        ("before", "-1"),
        ("before", str(2**63)),
        ("newer", "many"),
        ("tail", "wag"),
    ],
)
def test_it_names_what_cannot_be_asked(site: Client, name: str, value: str) -> None:
    answer = site.get(reverse("event_log"), {name: value})
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [name]
    assert b'class="wrong"' in answer.content


@pytest.mark.parametrize(
    "who", ["' OR 1=1 --", "%", "_", "\ud800".encode("utf8", "replace").decode()]
)
def test_odd_words_are_only_words(site: Client, stories: list[UUID], who: str) -> None:
    assert listed(site, who=who) == []


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"entity_type": "task"},
        {"event_type": "task.created"},
        {"who": "reader"},
        {"entity_id": str(new_id())},
        {"before": "1000000"},
    ],
)
def test_ten_events_take_no_more_queries_than_one(
    site: Client, floor: Floor, asked: dict[str, str]
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            listed(site, **asked)
        return len(captured)

    floor.queue()
    listed(site)
    few = queries()
    with floor.away():
        for _ in range(10):
            floor.create()
    assert queries() == few
