"""The page of one task: where it is, what happened, and what this person may do with it, and nothing else."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agentic.actors import Actor
from agentic.ids import new_id
from agentic.models import Audit, Event, User
from decisions.digests import canonical
from decisions.models import Comment
from decisions.services.comments import comment_on_task
from decisions.states import State
from decisions.sweep import sweep
from oversight.selectors.receipt import sha256
from oversight.selectors.story import PAGE
from oversight.steps import steps
from tests.decisions.floor import Floor, everything, let_pass, pending, row, state_of
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>{{ 7 }}</textarea>"
OFFERED = re.compile(r'hx-post="/tasks/[0-9a-f-]+/(\w+)"')
TOLD = {"rate", "outcome"}
OF_MANAGERS = {"requeue", "reassign", "escalate", "cancel"}


def address(task_id: UUID, more: str = "") -> str:
    return f"/tasks/{task_id}{more}"


def shown(site: Client, task_id: UUID, **query: Any) -> str:
    answer = site.get(address(task_id), query)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("state", State.values)
def test_it_opens_in_every_state_and_says_where_the_task_is(
    floor: Floor, browse: Browse, viewer: User, state: str
) -> None:
    task_id, _ = floor.bring_to(state)
    page = shown(browse(viewer), task_id)
    assert page.count('aria-current="step"') == 1
    here = re.search(r'aria-current="step">\s*<span class="step-label">([^<]+)<', page)
    assert here
    assert here[1] == state.replace("_", " ")


def test_of_no_task_there_is_no_page(browse: Browse, viewer: User) -> None:
    assert browse(viewer).get(address(new_id())).status_code == 404
    assert browse(viewer).get("/tasks/nonsense").status_code == 404


# Steps.


def places(task_id: UUID) -> dict[str, str]:
    task = row(task_id)
    attempt = task.attempts.order_by("-number").first()
    return {step.name: step.place for step in steps(task, attempt)}


def test_steps_that_were_left_out_are_said_to_be_skipped(floor: Floor) -> None:
    task_id = floor.queue()
    floor.override(task_id)
    found = places(task_id)
    assert (found["queued"], found["verified"]) == ("done", "here")
    assert {found[name] for name in ("assigned", "acked", "in_progress", "completed")} == {
        "skipped"
    }


def test_a_task_that_left_the_road_keeps_what_it_has_passed(floor: Floor) -> None:
    task_id, _ = floor.working()
    floor.escalate(task_id)
    assert places(task_id) == {
        "queued": "done", "assigned": "done", "acked": "done", "in_progress": "done",
        "completed": "ahead", "verified": "ahead", "escalated": "here",
    }  # fmt: skip


def test_a_retry_begins_the_road_anew(floor: Floor) -> None:
    task_id, token = floor.bring_to("acked")
    floor.release(task_id, token)
    found = places(task_id)
    assert found.pop("queued") == "here"
    assert set(found.values()) == {"ahead"}


# What happened.


def test_the_story_tells_who_why_and_how_late(floor: Floor, browse: Browse, viewer: User) -> None:
    task_id, _ = floor.working()
    let_pass(task_id, beyond=90)
    sweep()
    page = shown(browse(viewer), task_id)
    assert "the agent was silent for longer than its lease" in page
    assert re.search(r'class="late">9\d s late', page)
    assert "Attempt 1" in page
    assert "(agent)" in page


def test_its_decisions_stand_in_the_story_too(floor: Floor, browse: Browse, reviewer: User) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token)
    floor.review(pending(task_id).pk, "reject", reason_code="wrong", reason="a nine")
    page = shown(browse(reviewer), task_id)
    assert "A person rejected the decision." in page
    assert "a nine" in page[page.index("What happened") :]


def test_a_long_story_goes_on_before_a_version(
    floor: Floor, browse: Browse, viewer: User, operator: Actor
) -> None:
    task_id = floor.queue()
    for _ in range(PAGE):
        comment_on_task(task_id, actor=operator, text="again")
    site = browse(viewer)
    newest = shown(site, task_id)
    assert newest.count('class="line ') == PAGE
    assert "A task was accepted." not in newest
    older = re.search(r'href="[^"]+\?before=(\d+)"', newest)
    assert older
    rest = shown(site, task_id, before=older[1])
    assert rest.count('class="line ') == 1
    assert "A task was accepted." in rest


@pytest.mark.parametrize("said", ["x", "-1", "٣", "9" * 11, "4294967296"])
def test_a_place_that_is_none_is_refused(
    floor: Floor, browse: Browse, viewer: User, said: str
) -> None:
    task_id = floor.queue()
    assert browse(viewer).get(address(task_id), {"before": said}).status_code == 400


def test_a_task_leads_to_its_parent_and_to_its_children(
    floor: Floor, browse: Browse, viewer: User
) -> None:
    task_id, token = floor.working(title="the whole")
    child = floor.delegate(task_id, token)["task_id"]
    site = browse(viewer)
    assert address(child) in shown(site, task_id)
    assert "the whole" in shown(site, child)


# Who sees what.


def test_only_reviewers_see_what_was_proposed_and_said(
    floor: Floor, browse: Browse, viewer: User, manager: User, reviewer: User
) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token, rationale="it has a loop", confidence=0.5)
    page = shown(browse(reviewer), task_id)
    assert "it has a loop" in page
    assert "Review it" in page[page.index("What you may do") :]
    for person in (viewer, manager):
        page = shown(browse(person), task_id)
        assert "it has a loop" not in page
        assert "Review it" not in page


def story(site: Client, task_id: UUID) -> str:
    page = shown(site, task_id)
    return page[page.index("What happened") :]


def test_only_reviewers_see_in_the_story_why_it_was_decided_so(
    floor: Floor, browse: Browse, viewer: User, manager: User, reviewer: User
) -> None:
    """The same as on the receipt: who decided what, and by which policy, is no secret."""
    task_id, token = floor.working()
    floor.complete(task_id, token, confidence=0.51)
    whys = [pending(task_id).reason, "0.51", "reason code", "a nine", "because"]
    floor.review(pending(task_id).pk, "reject", reason_code="wrong", reason="a nine")
    floor.override(task_id)
    told = story(browse(reviewer), task_id)
    assert [why for why in whys if why in told] == whys
    for person in (viewer, manager):
        told, printed = story(browse(person), task_id), receipt(browse(person), task_id)
        assert [why for why in whys if why in told + printed] == []
        assert "A person rejected the decision." in told
        assert "policy version" in told


def test_only_reviewers_see_anything_of_an_escalation_but_the_state(
    floor: Floor, browse: Browse, viewer: User, manager: User, reviewer: User
) -> None:
    task_id, _ = floor.bring_to("escalated")
    assert "look at this" in shown(browse(reviewer), task_id)
    for person in (viewer, manager):
        page = shown(browse(person), task_id)
        assert "look at this" not in page
        assert "level" not in page
        assert "look at this" not in receipt(browse(person), task_id)


# What may be done.


def offered(site: Client, task_id: UUID) -> set[str]:
    return set(OFFERED.findall(shown(site, task_id)))


def test_a_viewer_finds_no_button(floor: Floor, browse: Browse, viewer: User) -> None:
    for state in ("queued", "in_progress", "escalated"):
        task_id, _ = floor.bring_to(state)
        assert offered(browse(viewer), task_id) == set()


@pytest.mark.parametrize(
    ("state", "of_reviewer", "of_manager"),
    [
        (
            "queued",
            {"comment", "escalate", "override"},
            {"comment", "reassign", "escalate", "cancel"},
        ),
        (
            "in_progress",
            {"comment", "escalate", "override"} | TOLD,
            {"comment"} | TOLD | OF_MANAGERS,
        ),
        (
            "escalated",
            {"comment", "acknowledge", "take", "override"} | TOLD,
            {"comment", "requeue", "reassign", "cancel"} | TOLD,
        ),
        (
            "completed",
            {"comment", "escalate", "override"} | TOLD,
            {"comment", "requeue", "escalate"} | TOLD,
        ),
        ("verified", {"comment"} | TOLD, {"comment"} | TOLD),
    ],
)
def test_each_finds_what_they_may_do_and_nothing_else(
    floor: Floor,
    browse: Browse,
    reviewer: User,
    manager: User,
    state: str,
    of_reviewer: set[str],
    of_manager: set[str],
) -> None:
    task_id, _ = floor.bring_to(state)
    assert offered(browse(reviewer), task_id) == of_reviewer
    assert offered(browse(manager), task_id) == of_manager


def test_nobody_is_offered_to_decide_about_a_critical_task_of_their_own(
    browse: Browse, floor: Floor, admin: User, reviewer: User
) -> None:
    task_id = floor.queue(priority="critical")
    assert "override" not in offered(browse(admin), task_id)
    assert "override" in offered(browse(reviewer), task_id)
    said = {"new_decision": '{"a": 1}', "reason": "mine"}
    answer = browse(admin).post(address(task_id, "/override"), said)
    assert (answer.status_code, state_of(task_id)) == (403, "queued")


DEEDS: dict[str, tuple[str, dict[str, str], str]] = {
    "requeue": ("escalated", {"reason": "again"}, "queued"),
    "escalate": ("in_progress", {"reason": "odd"}, "escalated"),
    "cancel": ("in_progress", {"reason": "not needed"}, "cancelled"),
    "override": ("completed", {"reason": "I know", "new_decision": '{"label": 3}'}, "verified"),
    "acknowledge": ("escalated", {}, "escalated"),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_is_offered_is_done(floor: Floor, browse: Browse, admin: User, deed: str) -> None:
    before, said, after = DEEDS[deed]
    task_id, _ = floor.bring_to(before)
    answer = browse(admin).post(address(task_id, f"/{deed}"), said, headers=HTMX)
    assert (answer.status_code, state_of(task_id)) == (200, after)
    assert answer["HX-Retarget"] == "#toasts"
    assert "done" in json.loads(answer["HX-Trigger"])


def test_a_task_is_moved_to_the_agent_that_was_chosen(
    floor: Floor, browse: Browse, manager: User
) -> None:
    task_id, _ = floor.bring_to("escalated")
    other = floor.hire("other", "digits")
    assert f'value="{other.agent.pk}"' in shown(browse(manager), task_id)
    said = {"agent": str(other.agent.pk), "reason": "it can"}
    assert browse(manager).post(address(task_id, "/reassign"), said).status_code == 302
    assert (state_of(task_id), row(task_id).assigned_agent) == ("assigned", other.agent)


def test_without_a_script_a_deed_leads_back_to_the_page_it_was_done_on(
    floor: Floor, browse: Browse, admin: User
) -> None:
    task_id, _ = floor.bring_to("escalated")
    site = browse(admin)
    listed = site.post(address(task_id, "/acknowledge"), {"back": "escalations"})
    assert listed["Location"] == reverse("escalations")
    done = site.post(address(task_id, "/requeue"), {"reason": "again"})
    assert done["Location"] == address(task_id)


BAD: dict[str, tuple[str, dict[str, str], str]] = {
    "no reason": ("cancel", {}, "reason"),
    "a blank reason": ("cancel", {"reason": "  "}, "reason"),
    "too long a reason": ("cancel", {"reason": "x" * 1001}, "reason"),
    "NUL": ("cancel", {"reason": "a\0b"}, "reason"),
    "no JSON": ("override", {"reason": "r", "new_decision": "{nope"}, "new_decision"),
    "no object": ("override", {"reason": "r", "new_decision": "[1]"}, "new_decision"),
    "an odd text": ("override", {"reason": "r", "new_decision": '{"a": "\\u0000"}'}, "new_decision"),
    "nothing": ("override", {"reason": "r", "new_decision": "{}"}, "new_decision"),
    "deep": ("override", {"reason": "r", "new_decision": '{"a":' * 40 + "1" + "}" * 40}, "new_decision"),
    "no agent": ("reassign", {"reason": "r", "agent": "x"}, "agent"),
    "an unknown agent": ("reassign", {"reason": "r", "agent": str(UUID(int=5))}, "agent"),
    "no comment": ("comment", {"text": ""}, "text"),
    "too long a comment": ("comment", {"text": "x" * 5001}, "text"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_named_and_nothing_is_changed(
    floor: Floor, browse: Browse, admin: User, name: str
) -> None:
    deed, said, field = BAD[name]
    task_id, _ = floor.working()
    before = everything()
    answer = browse(admin).post(address(task_id, f"/{deed}"), said, headers=HTMX)
    assert answer.status_code == 400
    assert answer["HX-Retarget"] == "#toasts"
    assert f"{field.replace('_', ' ')}: " in answer.content.decode().lower()
    assert everything() == before


def test_a_conflict_leaves_to_a_script_what_was_typed(
    floor: Floor, browse: Browse, reviewer: User
) -> None:
    task_id, _ = floor.bring_to("verified")
    said = {"new_decision": '{"label": 1}', "reason": "typed with care"}
    answer = browse(reviewer).post(address(task_id, "/override"), said, headers=HTMX)
    assert answer.status_code == 409
    assert (answer["HX-Retarget"], answer["HX-Reswap"]) == ("#toasts", "beforeend")
    told = answer.content.decode()
    assert "ada was faster. A person decided in the agent&#x27;s place. It is verified now." in told


def test_who_was_faster_is_oneself_and_nobody_is_blamed(
    floor: Floor, browse: Browse, admin: User
) -> None:
    task_id, _ = floor.bring_to("verified")
    answer = browse(admin).post(address(task_id, "/cancel"), {"reason": "no"}, headers=HTMX)
    assert "The state does not allow this. It is verified now." in answer.content.decode()


def test_a_manager_is_not_told_who_escalated_it(
    floor: Floor, browse: Browse, manager: User
) -> None:
    task_id, _ = floor.bring_to("escalated")
    said = {"reason": "me too"}
    answer = browse(manager).post(address(task_id, "/escalate"), said, headers=HTMX)
    assert answer.status_code == 409
    assert "The state does not allow this. It is escalated now." in answer.content.decode()


def test_a_conflict_shows_without_a_script_what_was_typed(
    floor: Floor, browse: Browse, reviewer: User
) -> None:
    task_id, _ = floor.bring_to("verified")
    said = {"new_decision": '{"label": 1}', "reason": f"typed with care {HOSTILE}"}
    answer = browse(reviewer).post(address(task_id, "/override"), said)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "typed with care" in page
    assert "&quot;label&quot;: 1" in page
    assert HOSTILE not in page


def test_a_wrong_form_comes_back_as_it_was_typed(
    floor: Floor, browse: Browse, reviewer: User
) -> None:
    task_id = floor.queue()
    said = {"new_decision": "{nope", "reason": "typed with care"}
    answer = browse(reviewer).post(address(task_id, "/override"), said)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert is_open(page, "override")
    assert "{nope</textarea>" in page
    assert "typed with care</textarea>" in page


def test_a_refused_deed_is_kept_in_the_audit_log(
    floor: Floor, browse: Browse, viewer: User
) -> None:
    task_id = floor.queue()
    answer = browse(viewer).post(address(task_id, "/cancel"), {"reason": "no"})
    assert (answer.status_code, state_of(task_id)) == (403, "queued")
    assert Audit.objects.filter(action="access.refused", user_id=viewer.pk).exists()


def is_open(page: str, deed: str) -> bool:
    return bool(re.search(rf'<details id="do-{deed}"\s+class="act"\s+open', page))


def test_a_link_opens_the_form_that_it_speaks_of(
    floor: Floor, browse: Browse, manager: User
) -> None:
    task_id, site = floor.queue(), browse(manager)
    assert is_open(shown(site, task_id, do="cancel"), "cancel")
    assert not is_open(shown(site, task_id, do="<nonsense>"), r"\w+")


# Parts.


def test_a_push_fetches_the_parts_that_change_and_leaves_the_comments_alone(
    floor: Floor, browse: Browse, admin: User
) -> None:
    task_id, _ = floor.working()
    answer = browse(admin).get(address(task_id), headers=HTMX)
    page = answer.content.decode()
    assert page.count('hx-swap-oob="morph"') == 2
    assert 'id="task"' in page
    assert "comment-text" not in page
    assert "<html" not in page


def test_ten_of_everything_take_no_more_queries_than_one(
    floor: Floor, browse: Browse, admin: User, operator: Actor
) -> None:
    task_id, token = floor.working()
    site = browse(admin)

    def grow() -> None:
        floor.propose(task_id, token, proposal={"n": str(new_id())})
        comment_on_task(task_id, actor=operator, text="hm")
        floor.delegate(task_id, token, key=str(new_id()))

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            shown(site, task_id)
        return len(captured)

    grow()
    queries()  # what is kept per process is known now
    one = queries()
    for _ in range(9):
        grow()
    assert queries() == one


def test_hostile_text_is_shown_and_does_nothing(
    floor: Floor, browse: Browse, admin: User, operator: Actor
) -> None:
    words = {"title": HOSTILE, "description": HOSTILE, "payload": {HOSTILE: [HOSTILE]}}
    task_id, token = floor.working(**words)
    floor.propose(
        task_id, token, proposal={HOSTILE: HOSTILE}, rationale=HOSTILE, evidence={"a": HOSTILE}
    )
    comment_on_task(task_id, actor=operator, text=HOSTILE)
    floor.fail(task_id, token, error={"type": HOSTILE, "message": HOSTILE})
    floor.patch(task_id, "escalated", reason=HOSTILE)
    site = browse(admin)
    for page in (
        shown(site, task_id),
        receipt(site, task_id),
        site.get("/escalations").content.decode(),
    ):
        assert "<img src=x" not in page
        assert "&lt;img src=x" in page


# Comments.


def test_a_comment_comes_back_with_an_empty_form(
    floor: Floor, browse: Browse, reviewer: User
) -> None:
    task_id = floor.queue()
    answer = browse(reviewer).post(address(task_id, "/comment"), {"text": "hello"}, headers=HTMX)
    page = answer.content.decode()
    assert '<p class="said">hello</p>' in page
    assert re.search(r"<textarea[^>]*></textarea>", page)


def test_a_comment_that_is_wrong_comes_back_as_it_was_typed(
    floor: Floor, browse: Browse, reviewer: User
) -> None:
    task_id = floor.queue()
    answer = browse(reviewer).post(address(task_id, "/comment"), {"text": "y" * 5001})
    assert answer.status_code == 400
    assert f"{'y' * 5001}</textarea>" in answer.content.decode()


def test_a_viewer_reads_comments_and_writes_none(
    floor: Floor, browse: Browse, viewer: User, operator: Actor
) -> None:
    task_id = floor.queue()
    comment_on_task(task_id, actor=operator, text="for all")
    page = shown(browse(viewer), task_id)
    assert "for all" in page
    assert "comment-text" not in page
    answer = browse(viewer).post(address(task_id, "/comment"), {"text": "me too"})
    assert (answer.status_code, Comment.objects.count()) == (403, 1)


def test_many_comments_go_on_with_the_older_ones(
    floor: Floor, browse: Browse, viewer: User, operator: Actor
) -> None:
    task_id = floor.queue()
    for number in range(45):
        comment_on_task(task_id, actor=operator, text=f"number {number:02}")
    site, texts = browse(viewer), []
    path = address(task_id, "/comments")
    while path:
        page = site.get(path, headers=HTMX).content.decode()
        texts += re.findall(r"number (\d\d)", page)
        more = re.search(r'hx-get="([^"]+\?after=[^"]+)"', page)
        path = more[1] if more else ""
    assert texts == [f"{number:02}" for number in reversed(range(45))]
    whole = site.get(address(task_id, "/comments"), {"shown": ["20", "20"]}, headers=HTMX)
    assert whole.content.decode().count("number ") == 40
    assert (
        site.get(address(task_id, "/comments"), {"shown": "501"}, headers=HTMX).status_code == 204
    )
    assert "number 44" in site.get(address(task_id, "/comments")).content.decode()


# The receipt.


def receipt(site: Client, task_id: UUID) -> str:
    answer = site.get(address(task_id, "/receipt"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_receipt_says_who_decided_what_on_which_basis(
    floor: Floor, browse: Browse, viewer: User
) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token, confidence=0.5)
    decision = pending(task_id)
    floor.review(decision.pk, "approve")
    page = receipt(browse(viewer), task_id)
    assert decision.digest in page
    assert str(decision.pk) in page
    assert f"Policy version {decision.policy_version}" in page
    assert "approve by ada" in page
    assert sha256(row(task_id).result) in page
    for event in Event.objects.filter(entity_id=task_id):
        assert str(event.id) in page


def test_the_hash_on_a_receipt_can_be_made_by_anybody() -> None:
    by_hand = json.dumps(
        {"b": 1, "a": "é"}, sort_keys=True, separators=(",", ":"), ensure_ascii=False
    )
    assert canonical.encode({"b": 1, "a": "é"}) == by_hand.encode()


def test_a_receipt_takes_as_many_queries_for_ten_attempts_as_for_one(
    floor: Floor, browse: Browse, viewer: User
) -> None:
    site = browse(viewer)

    def queries(attempts: int) -> int:
        task_id, token = floor.working(max_retries=20)
        for _ in range(attempts):
            floor.complete(task_id, token)
            floor.review(pending(task_id).pk, "respond", reason="again")
            token = floor.take(task_id)
            floor.ack(task_id, token, start=True)
        floor.override(task_id)
        with CaptureQueriesContext(connection) as captured:
            receipt(site, task_id)
        return len(captured)

    queries(1)
    assert queries(1) == queries(5)
