"""The whole table of moves: from each state by each way, what is legal and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from agentic.models import Event, User
from decisions.states import State
from tests.conftest import Api
from tests.decisions.floor import Floor, everything, sound, state_of, story

# As the design has it, written out again: a slip in the code's own table must show.
LEGAL = {
    "queued": "assigned cancelled escalated",
    "assigned": "acked cancelled escalated queued",
    "acked": "cancelled escalated failed in_progress queued",
    "in_progress": "cancelled completed escalated failed queued",
    "completed": "escalated queued verified",
    "failed": "cancelled escalated queued",
    "escalated": "assigned cancelled queued",
    "verified": "",
    "cancelled": "",
}
STATES = list(LEGAL)
HELD = ("assigned", "acked", "in_progress")
TERMINAL = ("verified", "cancelled")
ClientFor = Callable[[User | str | None], Api]


def legal_from(state: str) -> list[str]:
    return LEGAL[state].split()


def task_events(task_id: UUID) -> int:
    return Event.objects.filter(entity_type="task", entity_id=task_id).count()


def refused(answer: Any, state: str) -> None:
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["state"], problem["legal"]) == (state, legal_from(state))
    assert problem["code"] == "illegal_move"


def moved(task_id: UUID, before: int, state: str) -> None:
    """In `state`, by exactly one event, and sound."""
    assert state_of(task_id) == state
    assert task_events(task_id) == before + 1
    sound(task_id)


@pytest.fixture
def boss(client_for: ClientFor, admin: User) -> Api:
    return client_for(admin)


@pytest.fixture
def worker(client_for: ClientFor, agent_key: str) -> Api:
    return client_for(agent_key)


def test_it_knows_every_state() -> None:
    assert set(STATES) == set(State.values)


@pytest.mark.parametrize("new", STATES)
@pytest.mark.parametrize("old", STATES)
def test_it_moves_by_hand_along_the_table_only(floor: Floor, boss: Api, old: str, new: str) -> None:
    task_id, _ = floor.bring_to(old)
    floor.appear()
    before, events = everything(), task_events(task_id)
    answer = boss.patch(f"/decisions/task/{task_id}/state", {"state": new})
    if new in legal_from(old):
        assert answer.status_code == 200
        assert answer.json() == {"status": "updated", "new_state": new}
        moved(task_id, events, new)
    else:
        refused(answer, old)
        assert everything() == before


@pytest.mark.parametrize("old", STATES)
def test_it_is_overridden_from_every_state_that_is_not_terminal(
    floor: Floor, boss: Api, old: str
) -> None:
    task_id, _ = floor.bring_to(old)
    before, events = everything(), task_events(task_id)
    body = {"reason": "I know better", "new_decision": {"label": 3}}
    answer = boss.post(f"/decisions/task/{task_id}/override", body)
    if old in TERMINAL:
        refused(answer, old)
        assert everything() == before
    else:
        assert answer.json() == {
            "status": "overridden",
            "task_id": str(task_id),
            "new_decision": {"label": 3},
        }
        moved(task_id, events, "verified")


@pytest.mark.parametrize("old", STATES)
def test_it_is_escalated_where_the_table_says_so(floor: Floor, boss: Api, old: str) -> None:
    task_id, _ = floor.bring_to(old)
    before, events = everything(), task_events(task_id)
    answer = boss.post(f"/decisions/task/{task_id}/escalate?reason=odd")
    if "escalated" in legal_from(old):
        assert answer.json() == {"status": "escalated", "task_id": str(task_id), "reason": "odd"}
        moved(task_id, events, "escalated")
    else:
        refused(answer, old)
        assert everything() == before


# What an agent may say, the state that follows, and how many events of the task it takes.
BODIES: dict[str, dict[str, Any]] = {
    "ack": {},
    "ack and start": {"start": True},
    "start": {},
    "heartbeat": {"progress": 0.5},
    "propose": {"proposal": {"do": "it"}},
    "complete": {"result": {"label": 7}, "confidence": 0.9},
    "fail": {"error": {"type": "OSError", "message": "no"}},
    "release": {"reason": "not mine"},
    "suspend": {"resume_after": 5},
    "delegate": {"title": "a part"},
}
ALLOWED = {
    ("assigned", "ack"): ("acked", 1),
    ("assigned", "ack and start"): ("in_progress", 2),
    ("assigned", "release"): ("queued", 1),
    ("acked", "ack"): ("acked", 0),
    ("acked", "ack and start"): ("in_progress", 1),
    ("acked", "start"): ("in_progress", 1),
    ("acked", "heartbeat"): ("acked", 0),
    ("acked", "fail"): ("failed", 1),
    ("acked", "release"): ("queued", 1),
    ("in_progress", "ack"): ("in_progress", 0),
    ("in_progress", "ack and start"): ("in_progress", 0),
    ("in_progress", "start"): ("in_progress", 0),
    ("in_progress", "heartbeat"): ("in_progress", 0),
    ("in_progress", "propose"): ("in_progress", 0),
    ("in_progress", "complete"): ("completed", 1),
    ("in_progress", "fail"): ("failed", 1),
    ("in_progress", "release"): ("queued", 1),
    ("in_progress", "suspend"): ("queued", 1),
    ("in_progress", "delegate"): ("in_progress", 0),
}


@pytest.mark.parametrize("call", BODIES)
@pytest.mark.parametrize("old", STATES)
def test_it_listens_to_its_agent_where_the_state_allows_it(
    floor: Floor, worker: Api, old: str, call: str
) -> None:
    task_id, token = floor.bring_to(old)
    before, events = everything(), task_events(task_id)
    body = {"lease_token": str(token), **BODIES[call]}
    answer = worker.post(f"/worker/tasks/{task_id}/{call.split()[0]}", body)
    if (old, call) in ALLOWED:
        state, more = ALLOWED[old, call]
        assert answer.status_code == 200, answer.json()
        assert (state_of(task_id), task_events(task_id)) == (state, events + more)
        sound(task_id)
        return
    if old in HELD:
        refused(answer, old)
    else:
        assert (answer.status_code, answer.json()["code"]) == (409, "lease_lost")
        assert answer.json()["state"] == old
    assert everything() == before


@pytest.mark.parametrize("call", [call for call in BODIES if call != "delegate"])
@pytest.mark.parametrize("old", HELD)
def test_a_batch_decides_like_the_single_calls(
    floor: Floor, worker: Api, old: str, call: str
) -> None:
    task_id, token = floor.bring_to(old)
    before = everything()
    operation = {"task_id": str(task_id), "lease_token": str(token), **BODIES[call]}
    answer = worker.post("/worker/batch", {"operations": [{"op": call.split()[0], **operation}]})
    (result,) = answer.json()["results"]
    assert result["status"] == (200 if (old, call) in ALLOWED else 409)
    assert state_of(task_id) == ALLOWED.get((old, call), (old, 0))[0]
    if result["status"] == 409:
        assert (result["body"]["code"], everything()) == ("illegal_move", before)


@pytest.mark.parametrize("call", BODIES)
def test_it_is_not_there_for_an_agent_that_never_held_it(
    floor: Floor, worker: Api, call: str
) -> None:
    floor.appear()
    task_id = floor.queue()
    before = everything()
    body = {"lease_token": str(task_id), **BODIES[call]}
    answer = worker.post(f"/worker/tasks/{task_id}/{call.split()[0]}", body)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert everything() == before


def test_it_tells_its_whole_way(floor: Floor, boss: Api) -> None:
    task_id, token = floor.working()
    floor.complete(task_id, token)
    boss.patch(f"/decisions/task/{task_id}/state", {"state": "verified"})
    assert story(task_id) == [
        "task.created",
        "task.assigned",
        "task.acked",
        "task.started",
        "task.completed",
        "task.verified",
    ]
