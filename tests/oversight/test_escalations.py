"""Escalations: seen, taken, handed on, raised when nobody acts, and resolved."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agentic.actors import Actor, ActorKind, Source, system
from agentic.errors import Conflict, IllegalMove, Invalid, NotAllowed
from agentic.models import Event, User
from agentic.roles import Role, people_who_may
from decisions.models import Escalation
from decisions.services.escalations import acknowledge_escalation, assign_escalation
from decisions.states import State
from decisions.sweep import sweep
from oversight.selectors.escalations import MOST_OPEN, PAGE
from tests.conftest import make_person
from tests.decisions.floor import Floor, everything, let_pass, row, sound, story, told
from tests.decisions.threads import at_once, behind
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true"}


def acting(person: User) -> Actor:
    return Actor(ActorKind.USER, person.pk, person.username, Source.WEB)


@pytest.fixture
def rita(reviewer: User) -> Actor:
    return acting(reviewer)


@pytest.fixture
def escalated(floor: Floor) -> UUID:
    return floor.bring_to("escalated")[0]


def of(task_id: UUID) -> Escalation:
    return Escalation.objects.get(task=task_id)


def step() -> timedelta:
    return timedelta(seconds=settings.TASK_ESCALATION_STEP_SECONDS)


# Acknowledging.


def test_it_is_seen_by_somebody_and_stays_open(escalated: UUID, rita: Actor) -> None:
    acknowledge_escalation(escalated, actor=rita)
    found = of(escalated)
    assert (found.acknowledged_by_id, found.resolved_at) == (rita.id, None)
    assert story(escalated)[-1] == "task.escalation_acknowledged"
    assert told(escalated) == {"level": 1, "by": "rita"}
    sound(escalated)


def test_who_acknowledges_has_a_whole_step_from_then_on(escalated: UUID, rita: Actor) -> None:
    let_pass(escalated, beyond=-5)
    seen = acknowledge_escalation(escalated, actor=rita)
    assert seen.acknowledged_at
    assert row(escalated).due_at == seen.acknowledged_at + step()
    sweep()
    assert of(escalated).level == 1


def test_what_was_seen_and_forgotten_comes_up_again(escalated: UUID, rita: Actor) -> None:
    acknowledge_escalation(escalated, actor=rita)
    let_pass(escalated)
    sweep()
    found = of(escalated)
    assert (found.level, found.acknowledged_at, found.acknowledged_by) == (2, None, None)
    acknowledge_escalation(escalated, actor=rita)
    assert told(escalated)["level"] == 2
    sound(escalated)


def test_the_same_person_may_say_so_twice(escalated: UUID, rita: Actor) -> None:
    acknowledge_escalation(escalated, actor=rita)
    before = everything()
    acknowledge_escalation(escalated, actor=rita)
    assert everything() == before


def test_somebody_else_is_told_who_was_faster(
    escalated: UUID, rita: Actor, operator: Actor
) -> None:
    acknowledge_escalation(escalated, actor=rita)
    before = everything()
    with pytest.raises(Conflict, match="rita has acknowledged it already"):
        acknowledge_escalation(escalated, actor=operator)
    assert everything() == before


@pytest.mark.parametrize("state", [state for state in State.values if state != "escalated"])
def test_what_is_not_escalated_is_not_acknowledged(floor: Floor, rita: Actor, state: str) -> None:
    task_id, _ = floor.bring_to(state)
    with pytest.raises(IllegalMove):
        acknowledge_escalation(task_id, actor=rita)


def test_only_people_acknowledge(escalated: UUID) -> None:
    with pytest.raises(NotAllowed):
        acknowledge_escalation(escalated, actor=system())


# Taking and handing on.


def test_who_takes_it_has_seen_it(escalated: UUID, rita: Actor, reviewer: User) -> None:
    assign_escalation(escalated, actor=rita, person_id=reviewer.pk)
    found = of(escalated)
    assert (found.assigned_to, found.acknowledged_by) == (reviewer, reviewer)
    assert story(escalated)[-2:] == ["task.escalation_acknowledged", "task.escalation_assigned"]
    assert told(escalated) == {
        "level": 1, "by": "rita", "person_id": str(reviewer.pk), "person": "rita",
    }  # fmt: skip
    sound(escalated)


def test_whom_it_is_handed_to_has_not_seen_it(
    escalated: UUID, operator: Actor, reviewer: User
) -> None:
    before = row(escalated).due_at
    assign_escalation(escalated, actor=operator, person_id=reviewer.pk)
    found = of(escalated)
    assert (found.assigned_to, found.acknowledged_at) == (reviewer, None)
    assert row(escalated).due_at == before
    sound(escalated)


def test_it_goes_to_nobody_who_may_not_handle_it(
    escalated: UUID, rita: Actor, manager: User, viewer: User, stranger: User
) -> None:
    gone = make_person("gone", Role.REVIEWER)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    before = everything()
    for person in (manager, viewer, stranger, gone):
        with pytest.raises(Invalid, match="input"):
            assign_escalation(escalated, actor=rita, person_id=person.pk)
    assert everything() == before


def test_whoever_has_it_is_not_given_it_again(escalated: UUID, rita: Actor, reviewer: User) -> None:
    assign_escalation(escalated, actor=rita, person_id=reviewer.pk)
    with pytest.raises(Invalid) as refused:
        assign_escalation(escalated, actor=rita, person_id=reviewer.pk)
    assert "has it already" in str(refused.value.members)


def test_it_is_taken_from_somebody_only_by_whoever_knows_who_has_it(
    escalated: UUID, rita: Actor, operator: Actor, reviewer: User, admin: User
) -> None:
    assign_escalation(escalated, actor=rita, person_id=reviewer.pk)
    before = everything()
    with pytest.raises(Conflict, match="rita takes care of it now"):
        assign_escalation(escalated, actor=operator, person_id=admin.pk)
    assert everything() == before
    assign_escalation(escalated, actor=operator, person_id=admin.pk, replaces=reviewer.pk)
    assert of(escalated).assigned_to == admin
    with pytest.raises(Conflict, match=f"{admin.name} takes care of it now"):
        assign_escalation(escalated, actor=rita, person_id=reviewer.pk, replaces=reviewer.pk)
    sound(escalated)


def test_the_page_asks_before_it_takes_it_from_somebody(
    escalated: UUID, rita: Actor, reviewer: User, admin: User, browse: Browse
) -> None:
    browser, take = browse(admin), f"/tasks/{escalated}/take"
    said = {"person": str(admin.pk), "replaces": "", "back": "escalations"}
    assert "Take it over" not in browser.get("/escalations").content.decode()
    assign_escalation(escalated, actor=rita, person_id=reviewer.pk)
    late = browser.post(take, said, headers=HTMX)
    assert late.status_code == 409
    assert "rita takes care of it now" in late.content.decode()
    assert of(escalated).assigned_to == reviewer
    shown = browser.get("/escalations").content.decode()
    assert "Take it over" in shown
    assert re.search(rf'name="replaces"\s+value="{reviewer.pk}"', shown)
    done = browser.post(take, {**said, "replaces": str(reviewer.pk)}, headers=HTMX)
    assert done.status_code == 200
    assert of(escalated).assigned_to == admin


def test_everybody_whom_a_rule_lets_in_is_found(
    admin: User, reviewer: User, manager: User, viewer: User, stranger: User
) -> None:
    chief = User.objects.create_superuser("zoe", "zoe@example.org", "a long enough passphrase")
    both = make_person("bob", Role.REVIEWER, Role.ADMIN)
    assert list(people_who_may("escalations.handle")) == [admin, both, reviewer, chief]
    assert list(people_who_may("tasks.create")) == [admin, both, manager, chief]


# Resolving.


def test_what_resolves_it_keeps_by_whom(floor: Floor, operator: Actor, rita: Actor) -> None:
    ways: dict[str, Callable[[UUID], None]] = {
        "queued": lambda task_id: floor.patch(task_id, "queued"),
        "verified": floor.override,
        "cancelled": lambda task_id: floor.patch(task_id, "cancelled"),
    }
    for state, resolve in ways.items():
        task_id, _ = floor.bring_to("escalated")
        acknowledge_escalation(task_id, actor=rita)
        with floor.away():
            resolve(task_id)
        found = of(task_id)
        assert (found.resolution, found.resolved_by_id) == (state, operator.id)
        assert (found.acknowledged_by_id, found.resolved_at is None) == (rita.id, False)


# Races.


@pytest.mark.django_db(transaction=True)
def test_of_two_who_acknowledge_at_once_one_does(
    escalated: UUID, rita: Actor, operator: Actor
) -> None:
    answers = at_once(
        partial(acknowledge_escalation, escalated, actor=rita),
        partial(acknowledge_escalation, escalated, actor=operator),
    )
    assert sum(isinstance(answer, Conflict) for answer in answers) == 1
    assert story(escalated).count("task.escalation_acknowledged") == 1
    sound(escalated)


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.parametrize("first", ["resolved", "raised"])
def test_one_who_comes_behind_sees_what_was_done(
    floor: Floor, escalated: UUID, rita: Actor, first: str
) -> None:
    let_pass(escalated)
    ahead = partial(floor.override, escalated) if first == "resolved" else sweep
    answer = behind(ahead, partial(acknowledge_escalation, escalated, actor=rita))
    if first == "resolved":
        assert isinstance(answer, IllegalMove)
        assert of(escalated).acknowledged_at is None
    else:
        assert (answer.level, answer.acknowledged_by_id) == (2, rita.id)
    sound(escalated)


# The page.


def page_of(site: Client, **query: Any) -> str:
    answer = site.get("/escalations", query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_highest_level_stands_first_and_then_the_oldest(
    floor: Floor, browse: Browse, reviewer: User
) -> None:
    tasks = {title: floor.queue(title=title) for title in ("newer", "higher", "oldest")}
    for title in ("oldest", "higher", "newer"):
        floor.escalate(tasks[title])
    let_pass(tasks["higher"])
    sweep()
    page = page_of(browse(reviewer))
    assert re.findall(r">(newer|higher|oldest)</a>", page) == ["higher", "oldest", "newer"]


def test_it_says_who_has_it_and_why_it_is_there(
    escalated: UUID, browse: Browse, rita: Actor, reviewer: User, admin: User
) -> None:
    page = page_of(browse(admin))
    assert "look at this" in page
    assert "With nobody yet." in page
    assert "Nobody has acknowledged it." in page
    assign_escalation(escalated, actor=rita, person_id=reviewer.pk)
    page = page_of(browse(admin))
    assert "With rita." in page
    assert "rita acknowledged it" in page
    assert f"/tasks/{escalated}/acknowledge" not in page


def test_it_is_acknowledged_taken_and_handed_on_from_the_page(
    escalated: UUID, browse: Browse, reviewer: User, admin: User
) -> None:
    site, path = browse(reviewer), f"/tasks/{escalated}"
    assert site.post(f"{path}/acknowledge", headers=HTMX).status_code == 200
    taken = site.post(f"{path}/take", {"person": str(reviewer.pk)}, headers=HTMX)
    assert "rita takes care of it now." in taken.content.decode()
    handed = {"person": str(admin.pk), "replaces": str(reviewer.pk)}
    assert site.post(f"{path}/take", handed, headers=HTMX).status_code == 200
    assert of(escalated).assigned_to == admin


@pytest.mark.parametrize("person", ["", "x", str(UUID(int=3))])
def test_it_is_handed_to_nobody_who_is_not_there(
    escalated: UUID, browse: Browse, reviewer: User, person: str
) -> None:
    answer = browse(reviewer).post(f"/tasks/{escalated}/take", {"person": person}, headers=HTMX)
    assert (answer.status_code, of(escalated).assigned_to) == (400, None)


def test_a_manager_and_a_viewer_do_not_get_in(
    escalated: UUID, browse: Browse, manager: User, viewer: User
) -> None:
    for person in (manager, viewer):
        assert browse(person).get("/escalations").status_code == 403
        assert browse(person).post(f"/tasks/{escalated}/acknowledge").status_code == 403
    assert of(escalated).acknowledged_at is None


def test_the_resolved_ones_go_on_from_page_to_page(
    floor: Floor, browse: Browse, reviewer: User
) -> None:
    titles = [f"task {number:02}" for number in range(PAGE + 5)]
    for title in titles:
        task_id = floor.queue(title=title)
        floor.escalate(task_id)
        floor.override(task_id)
    site = browse(reviewer)
    first = page_of(site)
    older = re.search(r'href="[^"]+\?after=([^"]+)"', first)
    assert older
    part = site.get("/escalations", {"after": older[1]}, headers=HTMX).content.decode()
    whole = page_of(site, after=older[1])
    seen = re.findall(r">(task \d\d)</a>", first) + re.findall(r">(task \d\d)</a>", part)
    assert seen == titles[::-1]
    assert re.findall(r">(task \d\d)</a>", whole) == titles[4::-1]
    assert "?after=" not in part
    assert site.get("/escalations", {"after": "nonsense"}).status_code == 400


def test_a_push_fetches_the_open_ones_alone(
    escalated: UUID, browse: Browse, reviewer: User
) -> None:
    part = browse(reviewer).get("/escalations", headers=HTMX).content.decode()
    assert "look at this" in part
    assert "Resolved" not in part


def test_nothing_escalated_is_said(browse: Browse, reviewer: User) -> None:
    assert "Nothing is escalated" in page_of(browse(reviewer))


def test_ten_take_no_more_queries_than_one(floor: Floor, browse: Browse, reviewer: User) -> None:
    site = browse(reviewer)

    def grow() -> None:
        for resolved in (False, True):
            task_id = floor.queue(priority="critical")
            floor.escalate(task_id)
            assign_escalation(task_id, actor=acting(reviewer), person_id=reviewer.pk)
            if resolved:
                floor.patch(task_id, "cancelled")

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page_of(site)
        return len(captured)

    grow()
    queries()
    one = queries()
    for _ in range(9):
        grow()
    assert queries() == one
    assert MOST_OPEN > 10


def test_no_event_of_an_escalation_tells_a_viewer_who_has_it(
    escalated: UUID, rita: Actor, browse: Browse, viewer: User
) -> None:
    acknowledge_escalation(escalated, actor=rita)
    page = browse(viewer).get(f"/tasks/{escalated}").content.decode()
    assert "rita" not in page
    assert Event.objects.filter(entity_id=escalated, user_id=rita.id).exists()
