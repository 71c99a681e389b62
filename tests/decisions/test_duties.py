"""Nobody verifies or overrides what they made themselves: the same at every door."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse

from agentic.models import User
from agentic.roles import Role
from decisions.models import Task
from tests.conftest import Api, make_person
from tests.decisions.floor import Floor, everything, pending, state_of

ClientFor = Callable[[User | str | None], Api]
NEW = {"title": "pay it", "required_capabilities": ["digits"]}
OVERRIDE = {"reason": "I say so", "new_decision": {"label": 1}}


def review(api: Api, task_id: UUID) -> Any:
    said = {"verdict": "approve"}
    return api.post(f"/decisions/decision/{pending(task_id).pk}/review", said)


def edit(api: Api, task_id: UUID) -> Any:
    said = {"verdict": "edit", "proposal": {"label": 1}}
    return api.post(f"/decisions/decision/{pending(task_id).pk}/review", said)


def review_in_bulk(api: Api, task_id: UUID) -> Any:
    said = {"decision_id": str(pending(task_id).pk), "verdict": "approve"}
    return api.post("/decisions/reviews", {"reviews": [said]})


def override(api: Api, task_id: UUID) -> Any:
    return api.post(f"/decisions/task/{task_id}/override", OVERRIDE)


def verify_by_hand(api: Api, task_id: UUID) -> Any:
    return api.patch(f"/decisions/task/{task_id}/state", {"state": "verified"})


DOORS = [review, edit, review_in_bulk, override, verify_by_hand]


def outcome(answer: Any) -> tuple[int, str]:
    """The status, and why; in bulk, those of the one entry."""
    body, status = answer.json(), answer.status_code
    if "results" in body:
        status, body = body["results"][0]["status"], body["results"][0]["body"]
    return status, body.get("detail", "")


@pytest.fixture
def boss(client_for: ClientFor, admin: User) -> Api:
    """Who may do everything, by their roles."""
    return client_for(admin)


@pytest.fixture
def colleague(client_for: ClientFor) -> Api:
    return client_for(make_person("abe", Role.ADMIN))


def done_by_the_agent(floor: Floor, boss: Api, **values: Any) -> UUID:
    """A task of the boss's own, whose result waits for a person."""
    with floor.away():
        task_id = UUID(boss.post("/decisions/task", NEW | values).json()["id"])
    token = floor.take(task_id)
    floor.ack(task_id, token, start=True)
    floor.complete(task_id, token)
    return task_id


@pytest.mark.parametrize("door", DOORS)
def test_who_asked_for_a_critical_task_does_not_decide_about_it(
    floor: Floor, boss: Api, colleague: Api, door: Callable[[Api, UUID], Any]
) -> None:
    task_id = done_by_the_agent(floor, boss, priority="critical")
    before = everything()
    assert outcome(door(boss, task_id)) == (
        403,
        "You created this task: somebody else must decide about it.",
    )
    assert everything() == before
    assert outcome(door(colleague, task_id))[0] == 200
    assert state_of(task_id) == "verified"


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize(("strict", "status"), [(False, 200), (True, 403)])
def test_of_any_other_task_the_setting_says_so(
    floor: Floor,
    boss: Api,
    settings: Any,
    door: Callable[[Api, UUID], Any],
    strict: bool,
    status: int,
) -> None:
    settings.REVIEW_SEPARATION_OF_DUTIES = strict
    task_id = done_by_the_agent(floor, boss, priority="high")
    assert outcome(door(boss, task_id))[0] == status


@pytest.mark.parametrize("door", DOORS)
def test_who_handed_in_the_result_does_not_decide_about_it_either(
    floor: Floor, boss: Api, colleague: Api, door: Callable[[Api, UUID], Any]
) -> None:
    with floor.away():
        created = boss.post("/decisions/task", NEW | {"priority": "critical"}).json()
    task_id = UUID(created["id"])
    floor.ack(task_id, floor.take(task_id), start=True)
    said = {"state": "completed", "metadata": {"result": {"label": 1}}}
    assert colleague.patch(f"/decisions/task/{task_id}/state", said).status_code == 200
    status, why = outcome(door(colleague, task_id))
    assert (status, "handed in a result" in why) == (403, True)


@pytest.mark.parametrize("state", ["queued", "in_progress", "escalated", "failed"])
def test_nor_does_anybody_override_a_task_of_their_own_before_there_is_a_result(
    floor: Floor, boss: Api, admin: User, state: str
) -> None:
    task_id, _ = floor.bring_to(state, priority="critical")
    assert Task.objects.get(pk=task_id).created_by == admin
    assert outcome(override(boss, task_id))[0] == 403
    assert state_of(task_id) == state


def test_in_bulk_one_that_is_refused_does_not_stop_the_others(floor: Floor, boss: Api) -> None:
    mine = done_by_the_agent(floor, boss, priority="critical")
    other = done_by_the_agent(floor, boss)
    said = [{"decision_id": str(pending(pk).pk), "verdict": "approve"} for pk in (mine, other)]
    results = boss.post("/decisions/reviews", {"reviews": said}).json()["results"]
    assert [result["status"] for result in results] == [403, 200]
    assert (state_of(mine), state_of(other)) == ("completed", "verified")


def test_no_action_of_the_admin_site_verifies_a_task_of_ones_own(
    floor: Floor, boss: Api, admin: User
) -> None:
    """Whatever actions there are: with a reason, and with a decision, where one is asked for."""
    task_id = done_by_the_agent(floor, boss, priority="critical")
    admin.is_staff = True
    admin.save(update_fields=["is_staff"])
    site, page = Client(), reverse("admin:decisions_task_changelist")
    site.force_login(admin, backend="agentic.passwords.PasswordBackend")
    found = site.get(page).context["cl"].model_admin.actions
    for action in found:
        chosen = {"action": action, "_selected_action": [task_id]}
        site.post(page, chosen | {"reason": "mine", "new_decision": "{}", "apply": "1"})
        assert state_of(task_id) != "verified"
    assert found
