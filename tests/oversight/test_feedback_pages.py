"""How it turned out: told on the page of a task, seen there and on the page of the agent."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from agentic.models import Event, User
from decisions.models import Decision, Feedback
from decisions.services.feedback import give_feedback
from decisions.shapes import FeedbackRequest
from oversight.selectors import story as stories
from tests.decisions.floor import Floor, everything, pending
from tests.oversight.conftest import Browse

HTMX = {"HX-Request": "true"}
HOSTILE = "<img src=x onerror=alert(1)>{{ 7 }}</textarea>"


@pytest.fixture
def task_id(floor: Floor) -> UUID:
    task_id, token = floor.working()
    floor.complete(task_id, token, confidence=0.6)
    return task_id


def get(site: Client, address: str) -> str:
    answer = site.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def page(site: Client, task_id: UUID) -> str:
    return get(site, f"/tasks/{task_id}")


def tell(floor: Floor, task_id: UUID, feedback_type: Any, **told: Any) -> UUID:
    said = FeedbackRequest(feedback_type, **told)
    return give_feedback(task_id, actor=floor.operator, told=said)


# On the page of a task.


def test_a_rating_is_given_and_shown_in_words(browse: Browse, manager: User, task_id: UUID) -> None:
    site = browse(manager)
    said = {"rating": "4", "comment": "right, and late", "decision_id": ""}
    answer = site.post(f"/tasks/{task_id}/rate", said, headers=HTMX)
    assert (answer.status_code, answer["HX-Retarget"]) == (200, "#toasts")
    row = Feedback.objects.get()
    assert (row.content, row.source_user) == ({"rating": 4, "comment": "right, and late"}, manager)
    text = page(site, task_id)
    assert "4 of 5</strong>" in text
    assert '<span class="stars nowrap" aria-hidden="true">★★★★☆</span>' in text
    assert "right, and late" in text
    assert manager.name in text


@pytest.mark.parametrize(
    ("said", "shown"), [("right", "✓ turned out right"), ("wrong", "✕ turned out wrong")]
)
def test_an_outcome_is_told_of_one_decision(
    browse: Browse, reviewer: User, task_id: UUID, said: str, shown: str
) -> None:
    site, decision = browse(reviewer), pending(task_id)
    told = {"correct": said, "decision_id": str(decision.pk)}
    assert site.post(f"/tasks/{task_id}/outcome", told).status_code == 302
    row = Feedback.objects.get()
    assert (row.decision, row.content["correct"]) == (decision, said == "right")
    text = page(site, task_id)
    assert shown in text
    assert f'href="#decision-{decision.pk}"' in text


def test_a_measured_figure_is_shown(
    browse: Browse, manager: User, floor: Floor, task_id: UUID
) -> None:
    tell(floor, task_id, "performance_metric", metric="seconds", value=12.5)
    assert "<strong>seconds</strong> 12.5" in page(browse(manager), task_id)


@pytest.mark.parametrize(
    ("deed", "said", "field"),
    [
        ("rate", {}, "rating"),
        ("rate", {"rating": "0"}, "rating"),
        ("rate", {"rating": "6"}, "rating"),
        ("rate", {"rating": "good"}, "rating"),
        ("rate", {"rating": "3", "comment": "x" * 5001}, "comment"),
        ("rate", {"rating": "3", "comment": "a\0b"}, "comment"),
        ("rate", {"rating": "3", "decision_id": "x"}, "decision"),
        ("rate", {"rating": "3", "decision_id": str(UUID(int=7))}, "decision_id"),
        ("outcome", {}, "outcome"),
        ("outcome", {"correct": "perhaps"}, "outcome"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(
    browse: Browse, manager: User, task_id: UUID, deed: str, said: dict[str, str], field: str
) -> None:
    before = everything()
    answer = browse(manager).post(f"/tasks/{task_id}/{deed}", said, headers=HTMX)
    assert answer.status_code == 400
    assert f"{field}: " in answer.content.decode().lower()
    assert everything() == before


def test_what_was_typed_comes_back(browse: Browse, manager: User, task_id: UUID) -> None:
    decision = pending(task_id)
    said = {"rating": "4", "comment": "y" * 5001, "decision_id": str(decision.pk)}
    answer = browse(manager).post(f"/tasks/{task_id}/rate", said)
    text = answer.content.decode()
    assert answer.status_code == 400
    assert re.search(r'<details id="do-rate"\s+class="act"\s+open', text)
    assert f"{'y' * 5001}</textarea>" in text
    assert re.search(r'<option value="4"\s+selected>', text)
    assert re.search(rf'<option value="{decision.pk}"\s+selected>', text)


def test_nothing_can_be_told_of_what_has_not_begun(
    floor: Floor, browse: Browse, manager: User
) -> None:
    task_id, site = floor.queue(), browse(manager)
    assert f"/tasks/{task_id}/rate" not in page(site, task_id)
    answer = site.post(f"/tasks/{task_id}/rate", {"rating": "3"}, headers=HTMX)
    assert answer.status_code == 409
    assert not Feedback.objects.exists()


def test_a_viewer_neither_tells_nor_sees_it(
    floor: Floor, browse: Browse, viewer: User, task_id: UUID
) -> None:
    tell(floor, task_id, "user_rating", rating=2, comment="for the team alone")
    site = browse(viewer)
    text = page(site, task_id)
    assert f"/tasks/{task_id}/rate" not in text
    assert "for the team alone" not in text
    assert site.post(f"/tasks/{task_id}/rate", {"rating": "3"}).status_code == 403


def test_what_was_said_in_a_review_stands_before_those_who_review(
    floor: Floor, browse: Browse, manager: User, reviewer: User, task_id: UUID
) -> None:
    floor.review(pending(task_id).pk, "approve")
    tell(floor, task_id, "user_rating", rating=2)
    assert "verdict: approve</strong>" in page(browse(reviewer), task_id)
    text = page(browse(manager), task_id)
    assert "2 of 5" in text
    assert "verdict: approve</strong>" not in text


def test_whoever_tells_something_was_not_faster(
    floor: Floor, browse: Browse, manager: User, task_id: UUID
) -> None:
    tell(floor, task_id, "user_rating", rating=2)
    assert stories.last_move(task_id).event_type == "task.completed"


def test_a_story_that_leaves_out_events_of_decisions_says_so(
    floor: Floor, browse: Browse, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stories, "PAGE", 6)
    task_id, token = floor.working()
    site, more = browse(viewer), f'href="/events?entity_id={task_id}"'
    for number in range(7):
        assert more not in page(site, task_id)
        floor.propose(task_id, token, proposal={"n": number})
    text = page(site, task_id)
    assert more in text
    assert text.count("decision waits for a person.") == 6


# On the page of the agent.


def test_the_agent_page_says_what_it_comes_to(
    floor: Floor, browse: Browse, manager: User, task_id: UUID
) -> None:
    for rating in (3, 5):
        tell(floor, task_id, "user_rating", rating=rating, comment=f"worth {rating}")
    for correct in (True, True, False):
        tell(floor, task_id, "outcome_result", correct=correct)
    floor.review(pending(task_id).pk, "approve")
    text = get(browse(manager), f"/agents/{floor.agent.pk}")
    assert "4.0 (1.8 to 4.9, n = 2)" in text
    assert re.search(r"<strong>67 %</strong> <span[^>]*>21 to 94 %, n = 3", text)
    assert "worth 5" in text
    assert f"/tasks/{task_id}#feedback-" in text
    assert "verdict: approve" not in text


def test_of_an_agent_of_which_nothing_was_told_there_is_no_figure(
    floor: Floor, browse: Browse, manager: User
) -> None:
    text = get(browse(manager), f"/agents/{floor.agent.pk}")
    assert "Nobody has told anything yet." in text


def test_the_event_makes_the_page_of_its_agent_stale(floor: Floor, task_id: UUID) -> None:
    tell(floor, task_id, "user_rating", rating=5)
    event = Event.objects.get(event_type="task.feedback_given")
    assert event.data["agent_id"] == str(floor.agent.pk)


def test_hostile_text_does_nothing(
    floor: Floor, browse: Browse, admin: User, task_id: UUID
) -> None:
    tell(floor, task_id, "user_rating", rating=5, comment=HOSTILE)
    tell(floor, task_id, "performance_metric", metric=HOSTILE, value=1.0)
    for address in (f"/tasks/{task_id}", f"/agents/{floor.agent.pk}"):
        text = get(browse(admin), address)
        assert "<img src=x" not in text
        assert "&lt;img src=x" in text


# The receipt.


def test_the_receipt_hides_what_the_task_page_hides(
    floor: Floor, browse: Browse, viewer: User, reviewer: User, task_id: UUID
) -> None:
    decision = pending(task_id)
    risk = {"predicted_risk": 0.37, "model_version": "v7", "recalibrated_confidence": 0.42}
    Decision.objects.filter(pk=decision.pk).update(**risk)
    floor.review(decision.pk, "reject", reason_code="wrong", reason="it is a nine")
    hidden = ("it is a nine", "60 %", "42 %", "37 %", "v7", decision.reason)
    receipt = get(browse(reviewer), f"/tasks/{task_id}/receipt")
    assert [text for text in hidden if text not in receipt] == []
    receipt = get(browse(viewer), f"/tasks/{task_id}/receipt")
    assert [text for text in hidden if text in receipt] == []
    assert "reject by" in receipt
    assert decision.digest in receipt


def test_nor_does_it_say_why_somebody_decided_in_the_agents_place(
    floor: Floor, browse: Browse, viewer: User, reviewer: User
) -> None:
    task_id = floor.queue()
    floor.override(task_id)
    path = f"/tasks/{task_id}/receipt"
    assert '<span class="said">because</span>' in get(browse(reviewer), path)
    assert "because" not in get(browse(viewer), path)
