"""Several at once: asked for first, done when nobody undoes it, with a result for each."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agentic.ids import new_id
from agentic.models import Audit, User
from decisions.models import Decision, Review
from decisions.states import State
from oversight.selectors.review_queue import SHOWN
from tests.decisions.floor import Floor, everything, state_of
from tests.oversight.test_desk_page import HTMX, Browse, bring
from tests.oversight.test_desk_verdicts import decided_by, text

REJECTED = {"verdict": "reject", "reason_code": "wrong"}


@pytest.fixture
def desk(browse: Browse, reviewer: User) -> Client:
    return browse(reviewer)


@pytest.fixture
def three(floor: Floor) -> list[Decision]:
    return [bring(floor, f"number {n}") for n in range(3)]


def ids(decisions: list[Decision]) -> list[str]:
    return [str(decision.pk) for decision in decisions]


def ask(desk: Client, **said: Any) -> Any:
    return desk.post("/reviews/several", said, headers=HTMX)


def do(desk: Client, **said: Any) -> Any:
    return desk.post("/reviews/several/decide", said, headers=HTMX)


def test_asking_decides_nothing_and_says_so(desk: Client, three: list[Decision]) -> None:
    before = everything()
    shown = text(ask(desk, verdict="approve", selected=ids(three)))
    assert everything() == before
    assert "Approving 3" in shown
    assert "Nothing is decided until then; leaving this page calls it off." in shown
    assert 'hx-trigger="load delay:5s, submit"' in shown
    assert 'hx-post="/reviews/several/decide"' in shown
    assert all(f'name="selected" value="{pk}"' in shown for pk in ids(three))
    assert 'class="undo ' in shown


def test_all_are_approved(desk: Client, three: list[Decision]) -> None:
    shown = text(do(desk, verdict="approve", selected=ids(three)))
    assert {state_of(one.task_id) for one in three} == {State.VERIFIED}
    assert shown.count("approved\n") == 3
    assert "number 0" in shown
    assert list(Review.objects.values_list("seconds_spent", flat=True)) == [None] * 3


@pytest.mark.parametrize("said", [{"verdict": "approve"}, REJECTED], ids=["approve", "reject"])
def test_the_time_that_they_took_is_divided_among_them(
    desk: Client, three: list[Decision], said: dict[str, str]
) -> None:
    asked = text(ask(desk, selected=ids(three), seconds_spent="10.5", **said))
    assert 'name="seconds_spent" value="10.5"' in asked
    text(do(desk, selected=ids(three), seconds_spent="10.5", **said))
    assert list(Review.objects.values_list("seconds_spent", flat=True)) == [3.5] * 3


def test_a_page_that_was_left_open_counts_a_quarter_of_an_hour_for_all_of_them(
    desk: Client, three: list[Decision]
) -> None:
    text(do(desk, verdict="approve", selected=ids(three), seconds_spent="86400"))
    assert list(Review.objects.values_list("seconds_spent", flat=True)) == [300] * 3


def test_all_are_rejected_with_one_reason(desk: Client, three: list[Decision]) -> None:
    said = {"verdict": "reject", "reason_code": "policy", "reason": "see rule 3"}
    text(do(desk, selected=ids(three), **said))
    assert {state_of(one.task_id) for one in three} == {State.QUEUED}
    reviews = Review.objects.values_list("reason_code", "reason")
    assert set(reviews) == {("policy", "see rule 3")}


def test_one_that_is_refused_stops_no_other(
    floor: Floor, desk: Client, browse: Browse, admin: User, three: list[Decision]
) -> None:
    decided_by(admin, three[1], verdict="approve")
    shown = text(do(desk, verdict="approve", selected=[*ids(three), str(new_id())]))
    assert {state_of(one.task_id) for one in three} == {State.VERIFIED}
    assert shown.count("not done.") == 2
    assert "It is approved now." in shown
    assert "There is no such decision." in shown


def test_nobody_decides_several_that_they_asked_for(
    floor: Floor, browse: Browse, admin: User, three: list[Decision]
) -> None:
    critical = bring(floor, "mine", priority="critical")
    shown = text(do(browse(admin), verdict="approve", selected=ids([critical, three[0]])))
    assert "somebody else must decide about it" in shown
    assert Decision.objects.get(pk=critical.pk).status == "pending"
    assert Decision.objects.get(pk=three[0].pk).status == "approved"
    assert Audit.objects.filter(action="access.refused").exists()


@pytest.mark.parametrize("step", [ask, do], ids=["ask", "do"])
@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"verdict": "approve"}, "selected"),
        ({"verdict": "approve", "selected": ["x"]}, "decision_id"),
        ({"verdict": "approve", "selected": [str(new_id()) for _ in range(SHOWN + 1)]}, "selected"),
        ({"verdict": "edit", "selected": [str(new_id())]}, "verdict"),
        ({"verdict": "reject", "selected": [str(new_id())]}, "choose why"),
        ({"verdict": "reject", "selected": [str(new_id())], "reason_code": "mood"}, "reason_code"),
        ({"verdict": "approve", "selected": [str(new_id())], "seconds_spent": "long"}, "seconds"),
    ],
    ids=range(7),
)
def test_what_cannot_be_done_is_refused_by_name(
    desk: Client, step: Any, said: dict[str, Any], named: str
) -> None:
    assert named in text(step(desk, **said), 400)


def test_one_that_is_picked_twice_is_decided_once(desk: Client, three: list[Decision]) -> None:
    shown = text(do(desk, verdict="approve", selected=ids(three[:1]) * 2))
    assert "not done" not in shown
    assert Review.objects.count() == 1


def test_without_a_script_a_page_asks_and_another_tells(
    desk: Client, three: list[Decision]
) -> None:
    said = {"verdict": "approve", "selected": ids(three)}
    asked = desk.post("/reviews/several?task_type=default", said)
    assert "Nothing is decided yet." in text(asked)
    assert "/reviews/several/decide?task_type=default" in text(asked)
    done = text(desk.post("/reviews/several/decide", said))
    assert "Back to the desk" in done
    assert {state_of(one.task_id) for one in three} == {State.VERIFIED}
