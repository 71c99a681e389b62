"""What is decided on the review desk, by the same services as everywhere: and the next one comes in the answer."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from agentic.models import Audit, Event, User
from decisions.models import Decision, Review, Task
from decisions.services.reservations import reserve_decision
from decisions.services.verdicts import decide
from decisions.shapes import ReviewOf
from decisions.states import State
from tests.decisions.floor import Floor, everything, state_of
from tests.oversight.test_desk_page import HOSTILE, HTMX, Browse, bring
from tests.oversight.test_desk_reservations import acting


@pytest.fixture
def desk(browse: Browse, reviewer: User) -> Client:
    return browse(reviewer)


def say(desk: Client, decision: Decision, **said: Any) -> Any:
    return desk.post(f"/reviews/{decision.pk}/decide", said, headers=HTMX)


def text(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.content
    return str(answer.content.decode())


def status_of(decision: Decision) -> str:
    return Decision.objects.get(pk=decision.pk).status


def decided_by(person: User, decision: Decision, **said: Any) -> None:
    decide(ReviewOf(decision_id=decision.pk, **said), actor=acting(person))


def test_each_form_of_the_page_says_its_verdict_and_the_time_it_took(
    floor: Floor, desk: Client
) -> None:
    shown = text(desk.get(f"/reviews/{bring(floor).pk}"))
    for verdict, forms in (("approve", 1), ("edit", 2), ("reject", 1), ("respond", 1)):
        assert shown.count(f'<input type="hidden" name="verdict" value="{verdict}">') == forms
    assert shown.count('name="seconds_spent"') == 7 + 1  # and several at once


def test_an_approval_verifies_the_task_and_brings_the_next(
    floor: Floor, desk: Client, reviewer: User
) -> None:
    first = bring(floor, "first", result_with={"confidence": 0.1})
    second = bring(floor, "second", result_with={"confidence": 0.9})
    answer = say(desk, first, verdict="approve", seconds_spent="12.5")
    shown = text(answer)
    assert state_of(first.task_id) == State.VERIFIED
    assert f'data-open="{second.pk}"' in shown
    assert answer["HX-Push-Url"] == f"/reviews/{second.pk}"
    assert "Approved: first" in shown
    assert Decision.objects.get(pk=second.pk).reserved_by == reviewer
    review = Review.objects.get(decision=first)
    assert (review.reviewer, review.seconds_spent) == (reviewer, 12.5)


def test_the_next_is_the_one_behind_it_and_nothing_that_others_look_at(
    floor: Floor, desk: Client, admin: User
) -> None:
    rows = [bring(floor, f"{n}", result_with={"confidence": n / 10}) for n in range(1, 5)]
    reserve_decision(rows[2].pk, actor=acting(admin))
    shown = text(say(desk, rows[1], verdict="approve"))
    assert f'data-open="{rows[3].pk}"' in shown
    shown = text(say(desk, rows[3], verdict="approve"))
    assert f'data-open="{rows[0].pk}"' in shown


def test_after_the_last_one_the_desk_is_empty(floor: Floor, desk: Client) -> None:
    answer = say(desk, bring(floor), verdict="approve")
    assert "Nothing waits for a person." in text(answer)
    assert answer["HX-Push-Url"] == "/reviews"


def test_a_field_that_was_changed_is_an_edit(floor: Floor, desk: Client) -> None:
    decision = bring(floor, result_with={"result": {"label": 7, "sure": True, "note": "a"}})
    said = {"value-0": "3", "value-1": "false", "value-2": "b\r\nc", "reason": "it is a three"}
    names = list(Decision.objects.get(pk=decision.pk).proposal)
    places = {
        f"value-{names.index(name)}": said[f"value-{n}"]
        for n, name in enumerate(("label", "sure", "note"))
    }
    text(say(desk, decision, verdict="edit", **places, reason=said["reason"]))
    assert Task.objects.get().result == {"label": 3, "sure": False, "note": "b\nc"}
    assert Review.objects.get().reason == "it is a three"
    assert status_of(decision) == "edited"


def test_what_was_not_touched_stays_to_the_last_digit_and_line_break(
    floor: Floor, desk: Client
) -> None:
    result = {"label": 7, "share": 0.1000000000000000055, "big": 2**60, "text": "a\r\nb\rc"}
    decision = bring(floor, result_with={"result": result})
    names = list(Decision.objects.get(pk=decision.pk).proposal)
    said = {"label": "8", "share": "0.1", "big": str(2**60), "text": "a\r\nb\r\nc"}
    fields = {f"value-{place}": said[name] for place, name in enumerate(names)}
    text(say(desk, decision, verdict="edit", **fields))
    assert Task.objects.get().result == result | {"label": 8}


def test_json_that_was_changed_is_an_edit(floor: Floor, desk: Client) -> None:
    decision = bring(floor, result_with={"result": {"lines": [{"sum": 1}]}})
    text(say(desk, decision, verdict="edit", json='{"lines": [{"sum": 2.5}]}'))
    assert Task.objects.get().result == {"lines": [{"sum": 2.5}]}


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"json": "{"}, "proposal"),
        ({"json": "[1]"}, "proposal"),
        ({"json": '{"a": NaN}'}, "proposal"),
        ({"json": '{"a": 1e999}'}, ""),
        ({"json": '{"a": ' + "9" * 40 + "}"}, "proposal"),
        ({"json": '{"a": ' + "9" * 5000 + "}"}, "proposal"),
        ({"json": '{"a": "\\u0000"}'}, "a"),
        ({"json": '{"a": "\\ud800"}'}, "a"),
        ({"json": '{"a":' * 40 + "1" + "}" * 40}, "a"),
        ({"json": '{"label": 7}'}, "proposal"),
        ({"value-0": "seven"}, "label"),
        ({"value-0": "nan"}, "label"),
        ({"value-0": "7"}, "proposal"),
        ({}, "proposal"),
    ],
    ids=range(14),
)
def test_an_edit_that_cannot_be_kept_is_refused_by_name_and_changes_nothing(
    floor: Floor, desk: Client, said: dict[str, str], named: str
) -> None:
    decision = bring(floor)
    before = everything()
    shown = text(say(desk, decision, verdict="edit", **said), 400)
    assert named in shown
    assert everything() == before


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({}, "verdict"),
        ({"verdict": "praise"}, "verdict"),
        ({"verdict": "override"}, "verdict"),
        ({"verdict": "reject"}, "reason code"),
        ({"verdict": "reject", "reason_code": "mood"}, "reason_code"),
        ({"verdict": "respond"}, "reason"),
        ({"verdict": "respond", "reason": "  "}, "reason"),
        ({"verdict": "respond", "reason": "x" * 10_001}, "reason"),
        ({"verdict": "respond", "reason": "a\0b"}, "reason"),
        ({"verdict": "approve", "seconds_spent": "long"}, "seconds_spent"),
    ],
    ids=range(10),
)
def test_what_is_no_verdict_is_refused_by_name_and_changes_nothing(
    floor: Floor, desk: Client, said: dict[str, str], named: str
) -> None:
    decision = bring(floor)
    before = everything()
    answer = say(desk, decision, **said)
    assert named in text(answer, 400)
    assert answer["HX-Retarget"] == "#toasts"
    assert everything() == before


@pytest.mark.parametrize(("told", "kept"), [("", None), ("-3", 0.0), ("1e9", 900.0), ("inf", None)])
def test_only_a_time_that_can_be_is_kept(
    floor: Floor, desk: Client, told: str, kept: float | None
) -> None:
    text(say(desk, bring(floor), verdict="approve", seconds_spent=told))
    assert Review.objects.get().seconds_spent == kept


def test_a_rejection_sends_it_back_with_its_reason(floor: Floor, desk: Client) -> None:
    decision = bring(floor)
    said = {"verdict": "reject", "reason_code": "incomplete", "reason": "line\r\nbreak"}
    text(say(desk, decision, **said))
    review = Review.objects.get()
    assert (state_of(decision.task_id), review.reason_code) == (State.QUEUED, "incomplete")
    assert review.reason == "line\nbreak"


def test_an_answer_goes_to_the_agent(floor: Floor, desk: Client) -> None:
    decision = bring(floor)
    text(say(desk, decision, verdict="respond", reason="look at the other side"))
    assert status_of(decision) == "responded"


def test_an_override_decides_the_whole_task(floor: Floor, desk: Client) -> None:
    decision = bring(floor)
    said = {"reason": "it is a one", "value-0": "1", "seconds_spent": "4"}
    shown = text(desk.post(f"/reviews/{decision.pk}/override", said, headers=HTMX))
    assert "Decided by you" in shown
    assert Task.objects.get().result == {"label": 1}
    assert status_of(decision) == "overridden"
    assert Review.objects.get().seconds_spent == 4
    assert Audit.objects.filter(action="task.overridden").count() == 1


def test_an_override_needs_its_reason(floor: Floor, desk: Client) -> None:
    decision = bring(floor)
    answer = desk.post(f"/reviews/{decision.pk}/override", {"value-0": "1"}, headers=HTMX)
    assert "reason" in text(answer, 400)
    assert status_of(decision) == "pending"


def test_a_proposal_of_a_running_agent_is_decided_and_overridden_too(
    floor: Floor, desk: Client
) -> None:
    task_id, token = floor.working()
    floor.propose(task_id, token, proposal={"pay": 100}, decision_type="payment")
    decision = Decision.objects.get()
    assert "wants to do: <bdi>payment</bdi>" in text(desk.get(f"/reviews/{decision.pk}"))
    desk.post(f"/reviews/{decision.pk}/override", {"reason": "stop", "value-0": "0"}, headers=HTMX)
    assert (state_of(task_id), status_of(decision)) == (State.VERIFIED, "overridden")


def test_nobody_decides_what_they_asked_for(floor: Floor, browse: Browse, admin: User) -> None:
    """`floor` creates its tasks as ada."""
    decision = bring(floor, priority="critical")
    hers = browse(admin)
    shown = text(hers.get(f"/reviews/{decision.pk}"))
    assert "You created this task: somebody else must decide about it." in shown
    assert 'id="acts"' not in shown
    before = everything()
    for path, said in (
        ("decide", {"verdict": "approve"}),
        ("override", {"reason": "because", "value-0": "1"}),
    ):
        answer = hers.post(f"/reviews/{decision.pk}/{path}", said, headers=HTMX)
        assert "somebody else must decide" in text(answer, 403)
    assert everything() == before
    assert Audit.objects.filter(action="access.refused").exists()


def test_who_comes_too_late_is_told_who_decided_what_beside_what_they_typed(
    floor: Floor, desk: Client, admin: User
) -> None:
    decision = bring(floor)
    decided_by(admin, decision, verdict="reject", reason_code="risk", reason="far too much")
    answer = say(desk, decision, verdict="edit", json='{"label": 1}', reason="my long text")
    shown = text(answer, 409)
    assert "<bdi>ada</bdi>" in shown
    for said in ("rejected this", "It is too risky.", "far too much", "What you typed"):
        assert said in shown
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#standing", "innerHTML")
    assert Review.objects.count() == 1


def test_an_override_that_comes_too_late_is_told_the_same(
    floor: Floor, desk: Client, admin: User
) -> None:
    decision = bring(floor)
    decided_by(admin, decision, verdict="approve")
    said = {"reason": "because", "value-0": "1"}
    answer = desk.post(f"/reviews/{decision.pk}/override", said, headers=HTMX)
    assert "approved this" in text(answer, 409)


def test_while_somebody_looks_the_desk_says_who_decided(
    floor: Floor, desk: Client, admin: User
) -> None:
    decision = bring(floor)
    standing = f"/reviews/{decision.pk}/standing"
    shown = text(desk.get(f"/reviews/{decision.pk}"))
    assert f'hx-get="{standing}"' in shown
    assert f'data-live="decision:{decision.pk}"' in shown
    decided_by(admin, decision, verdict="edit", proposal={"label": 3})
    told = text(desk.get(standing, headers=HTMX))
    assert "approved this with changes" in told
    assert '<bdi class="value">3</bdi>' in told
    assert desk.get(standing)["Location"] == f"/reviews/{decision.pk}"


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (lambda floor, task_id: floor.override(task_id), "decided the whole task"),
        (lambda floor, task_id: floor.escalate(task_id), "Nobody has to decide this any more"),
    ],
    ids=["overridden", "escalated"],
)
def test_what_ended_otherwise_is_told_too(floor: Floor, desk: Client, end: Any, said: str) -> None:
    decision = bring(floor)
    end(floor, decision.task_id)
    shown = text(desk.get(f"/reviews/{decision.pk}"))
    assert said in shown
    assert 'id="acts"' not in shown


def test_ones_own_verdict_is_told_as_ones_own(floor: Floor, desk: Client, reviewer: User) -> None:
    decision = bring(floor)
    decided_by(reviewer, decision, verdict="approve")
    assert "<strong>You</strong>" in text(desk.get(f"/reviews/{decision.pk}"))


def test_a_difference_is_drawn_while_one_types(floor: Floor, desk: Client) -> None:
    decision = bring(floor)
    address = f"/reviews/{decision.pk}/difference"
    before = Event.objects.count()
    shown = text(desk.post(address, {"value-0": "3"}, headers=HTMX))
    assert '"label": 7' in shown.replace("&quot;", '"')
    assert '"label": 3' in shown.replace("&quot;", '"')
    assert "line-old" in shown
    assert "line-new" in shown
    assert "Nothing is changed yet." in text(desk.post(address, {"value-0": "7"}, headers=HTMX))
    wrong = text(desk.post(address, {"json": "{\n  oops"}, headers=HTMX))
    assert "line 2, column 3" in wrong
    assert "<img" not in text(desk.post(address, {"json": '{"a": "<img src=x>"}'}, headers=HTMX))
    assert Event.objects.count() == before


def test_a_difference_of_thousands_of_lines_is_not_drawn(floor: Floor, desk: Client) -> None:
    decision = bring(floor)
    numbers = ",".join("1" for _ in range(4_000))
    address = f"/reviews/{decision.pk}/difference"
    shown = text(desk.post(address, {"json": f'{{"a": [{numbers}]}}'}, headers=HTMX))
    assert "too long to show" in shown


def test_without_a_script_a_verdict_leads_to_the_next(floor: Floor, desk: Client) -> None:
    first = bring(floor, "first", result_with={"confidence": 0.1})
    second = bring(floor, "second", result_with={"confidence": 0.9})
    answer = desk.post(f"/reviews/{first.pk}/decide?who=free", {"verdict": "approve"})
    assert (answer.status_code, answer["Location"]) == (302, f"/reviews/{second.pk}?who=free")
    late = desk.post(f"/reviews/{first.pk}/decide", {"verdict": "approve"})
    assert "not pending any more" in text(late, 409)


def test_a_persons_own_day_is_told(floor: Floor, desk: Client) -> None:
    assert "Nothing decided by you today" in text(desk.get("/reviews"))
    text(say(desk, bring(floor), verdict="approve", seconds_spent="20"))
    text(say(desk, bring(floor), verdict="approve"))
    shown = " ".join(text(say(desk, bring(floor), verdict="approve", seconds_spent="40")).split())
    assert '<strong class="number">3</strong> decided by you today' in shown
    assert "30 s</span> each" in shown


def test_hostile_words_of_others_stay_words(floor: Floor, desk: Client, admin: User) -> None:
    decision = bring(floor, HOSTILE)
    decided_by(admin, decision, verdict="edit", proposal={HOSTILE: HOSTILE}, reason=HOSTILE)
    shown = text(say(desk, decision, verdict="approve"), 409)
    assert "<img" not in shown
    assert shown.count("&lt;img") == 3
