"""What operators do with tasks on the admin site: with a reason, by their roles, and in the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from agentic.clock import Now
from agentic.models import Audit, Event, User
from decisions.models import Task
from tests.decisions.floor import RESULT, Floor, let_pass, row, sound, state_of, story, told
from tests.decisions.test_admin import act, site_for

TASKS = "/admin/decisions/task/"


@pytest.fixture
def site(admin: User) -> Client:
    return site_for(admin)


def hire_other(floor: Floor) -> Floor:
    return floor.hire("other", "digits")


def move(site: Client, task_id: UUID, agent: Floor, **more: Any) -> str:
    said = {"agent_id": agent.agent.pk, "reason": "it is late", **more}
    return site.post(f"{TASKS}{task_id}/move/", said, follow=True).content.decode()


def last_audit(task_id: UUID) -> Audit:
    audit: Audit = Audit.objects.filter(entity_id=str(task_id)).latest("number")
    return audit


def test_it_asks_for_a_reason_before_anything_happens(site: Client, floor: Floor) -> None:
    task_id = floor.queue(title="read this")
    page = act(site, TASKS, "cancel", task_id)
    assert "read this" in page
    assert "Kept with the change" in page
    assert "This field is required" in act(site, TASKS, "cancel", task_id, reason="")
    assert story(task_id) == ["task.created"]


def test_an_escalated_task_is_put_back(site: Client, floor: Floor, admin: User) -> None:
    task_id, _ = floor.bring_to("escalated", title="read this")
    page = act(site, TASKS, "requeue", task_id, reason="another try")
    assert "“read this” is queued now." in page
    assert (story(task_id)[-1], told(task_id)["reason"]) == ("task.requeued", "another try")
    event = Event.objects.filter(entity_id=task_id).latest("version")
    assert (event.source, event.user_id) == ("admin", admin.pk)
    audit = last_audit(task_id)
    assert (audit.action, audit.reason, audit.source) == ("task.moved", "another try", "admin")


@pytest.mark.parametrize(
    ("action", "state", "audited"),
    [
        ("escalate", "escalated", "task.escalated"),
        ("cancel", "cancelled", "task.moved"),
        ("requeue", "queued", "task.moved"),
    ],
)
def test_each_action_goes_through_its_service(
    site: Client, floor: Floor, action: str, state: str, audited: str
) -> None:
    task_id, _ = floor.working()
    act(site, TASKS, action, task_id, reason="because I say so")
    assert (state_of(task_id), told(task_id)["reason"]) == (state, "because I say so")
    assert (last_audit(task_id).action, last_audit(task_id).reason) == (audited, "because I say so")
    sound(task_id)


def test_a_person_decides_in_the_agents_place(site: Client, floor: Floor) -> None:
    task_id, _ = floor.working()
    page = act(site, TASKS, "override", task_id, reason="I know it", new_decision='{"label": 7}')
    assert "is verified, with your decision" in page
    assert (state_of(task_id), row(task_id).result) == ("verified", RESULT)
    assert last_audit(task_id).action == "task.overridden"


@pytest.mark.parametrize(
    "said", ["", "[]", "7", "{", '"a"', '{"a": "\\u0000"}', '{"a": ' + "9" * 40 + "}"]
)
def test_a_decision_that_is_none_stands_at_its_field(site: Client, floor: Floor, said: str) -> None:
    task_id, _ = floor.working()
    page = act(site, TASKS, "override", task_id, reason="I know it", new_decision=said)
    assert "errorlist" in page
    assert state_of(task_id) == "in_progress"


def test_one_that_cannot_move_is_named_and_does_not_stop_the_others(
    site: Client, floor: Floor
) -> None:
    done, _ = floor.bring_to("verified", title="done and dusted")
    waits = floor.queue()
    page = act(site, TASKS, "cancel", done, waits, reason="no more")
    assert "1 of 2 done" in page
    assert "“done and dusted”: The state does not allow this. It is verified." in page
    assert (state_of(done), state_of(waits)) == ("verified", "cancelled")


def test_five_hundred_go_at_once_and_no_more(site: Client, floor: Floor) -> None:
    ids = [str(uuid4()) for _ in range(501)]
    Task.objects.bulk_create(
        Task(pk=pk, title="one of many", max_retries=1, ack_timeout=1, lease_seconds=1)
        for pk in ids
    )
    chosen = {"action": "cancel", "_selected_action": ids[:1], "index": "0", "select_across": "1"}
    page = site.post(TASKS, chosen, follow=True).content.decode()
    assert "At most 500 at once." in page


class TestMoving:
    @pytest.mark.parametrize("state", ["queued", "assigned", "in_progress", "failed", "escalated"])
    def test_a_task_goes_to_another_agent(self, site: Client, floor: Floor, state: str) -> None:
        task_id, _ = floor.bring_to(state)
        other = hire_other(floor)
        page = move(site, task_id, other)
        assert "is with other now." in page
        assert row(task_id).assigned_agent_id == other.agent.pk
        (audit,) = Audit.objects.filter(entity_id=str(task_id)).exclude(action="task.escalated")
        assert (audit.action, audit.reason) == ("task.moved", "it is late")
        assert audit.told["after"]["assigned_agent_id"] == str(other.agent.pk)
        sound(task_id)

    @pytest.mark.parametrize("state", ["completed", "verified", "cancelled"])
    def test_what_no_agent_works_on_stays(self, site: Client, floor: Floor, state: str) -> None:
        task_id, _ = floor.bring_to(state)
        before = row(task_id).version
        assert "The state does not allow this" in move(site, task_id, hire_other(floor))
        assert row(task_id).version == before

    def test_the_page_offers_those_who_could(self, site: Client, floor: Floor) -> None:
        task_id, _ = floor.working(required_capabilities=["digits"])
        hire_other(floor)
        floor.hire("writer")
        page = site.get(f"{TASKS}{task_id}/move/").content.decode()
        assert "Move to other" in page
        assert "Move to writer" not in page
        assert "Move to reader" not in page

    def test_nobody_is_offered_when_nobody_is_free(self, site: Client, floor: Floor) -> None:
        task_id, _ = floor.working()
        page = site.get(f"{TASKS}{task_id}/move/").content.decode()
        assert "No other agent that fits is free" in page

    def test_an_agent_that_cannot_take_it_changes_nothing(self, site: Client, floor: Floor) -> None:
        task_id, _ = floor.working(required_capabilities=["digits"])
        writer = floor.hire("writer")
        before = row(task_id).version
        assert "No agent that fits is free" in move(site, task_id, writer)
        assert "It is with this agent already".lower() in move(site, task_id, floor).lower()
        assert (row(task_id).version, state_of(task_id)) == (before, "in_progress")

    def test_several_go_together(self, site: Client, floor: Floor) -> None:
        ids, other = [floor.working()[0] for _ in range(3)], hire_other(floor)
        page = act(site, TASKS, "reassign", *ids, agent=other.agent.pk, reason="it is late")
        assert "3 of 3 done" in page
        assert {row(task_id).assigned_agent_id for task_id in ids} == {other.agent.pk}

    def test_what_is_not_there_is_not_found(self, site: Client, floor: Floor) -> None:
        assert site.get(f"{TASKS}{uuid4()}/move/").status_code == 404


class TestRoles:
    def test_a_viewer_and_a_stranger_do_nothing(
        self, viewer: User, stranger: User, floor: Floor
    ) -> None:
        task_id = floor.queue()
        for person in (viewer, stranger):
            site = site_for(person)
            for action in ("cancel", "requeue", "escalate"):
                act(site, TASKS, action, task_id, reason="because")
            assert site.post(f"{TASKS}{task_id}/move/", {}).status_code == 403
        assert story(task_id) == ["task.created"]

    def test_a_manager_moves_and_does_not_override(self, manager: User, floor: Floor) -> None:
        site, (task_id, _) = site_for(manager), floor.working()
        act(site, TASKS, "override", task_id, reason="because", new_decision="{}")
        assert state_of(task_id) == "in_progress"
        other = hire_other(floor)
        move(site, task_id, other)
        assert row(task_id).assigned_agent_id == other.agent.pk

    def test_a_reviewer_overrides_and_does_not_move(self, reviewer: User, floor: Floor) -> None:
        site, (task_id, _) = site_for(reviewer), floor.working()
        act(site, TASKS, "cancel", task_id, reason="because")
        assert site.get(f"{TASKS}{task_id}/move/").status_code == 403
        assert state_of(task_id) == "in_progress"
        act(site, TASKS, "override", task_id, reason="because", new_decision='{"a": 1}')
        assert state_of(task_id) == "verified"

    def test_each_is_offered_what_they_may(
        self, manager: User, reviewer: User, viewer: User, floor: Floor
    ) -> None:
        task_id = floor.queue()
        offered = {}
        for person in (manager, reviewer, viewer):
            page = site_for(person).get(f"{TASKS}{task_id}/change/")
            offered[person.username] = [one["name"] for one in page.context["row_actions"]]
        assert offered == {
            "max": ["requeue", "reassign", "escalate", "cancel"],
            "rita": ["escalate", "override"],
            "vera": [],
        }


class TestOverdue:
    def test_the_filter_shows_what_nobody_looked_at(self, site: Client, floor: Floor) -> None:
        late, _ = floor.working(title="late one")
        floor.working(title="in time")
        let_pass(late)
        page = site.get(TASKS, {"overdue": "yes"}).content.decode()
        assert "late one" in page
        assert "in time" not in page
        assert "overdue 1" in page

    def test_the_first_page_leads_there(self, site: Client, floor: Floor) -> None:
        def figures() -> dict[str, tuple[str, str]]:
            shown = site.get("/admin/").context["figures"]
            return {figure.name: (figure.number, figure.tone) for figure in shown}

        assert figures()["overdue tasks"] == ("0", "good")
        task_id, _ = floor.working()
        floor.bring_to("escalated")
        Task.objects.filter(pk=task_id).update(due_at=Now() - timedelta(minutes=5))
        assert figures()["overdue tasks"] == ("1", "bad")
        assert figures()["escalated tasks"] == ("1", "warn")
        assert figures()["agents available"] == ("1", "good")

    def test_a_viewer_sees_what_concerns_them(self, viewer: User, floor: Floor) -> None:
        shown = site_for(viewer).get("/admin/").context["figures"]
        assert [figure.name for figure in shown] == ["overdue tasks", "escalated tasks"]
