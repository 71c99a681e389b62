"""A stop that is on voids the leases in its scope by itself: no row has to be taken back first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from agentic.errors import LeaseLost
from decisions import shapes, work
from decisions.models import Stop, StopScope
from decisions.services import calls, taking_back
from decisions.services.calls import carry_out_batch
from decisions.services.proposals import look_up
from decisions.services.stops import lift_stop, set_stop, throw
from decisions.states import HELD
from decisions.sweep import sweep
from tests.decisions.floor import RESULT, Floor, everything, row, sound, state_of

CALLS = ["ack", "start", "beat", "complete", "fail", "release", "suspend", "propose", "delegate"]
pytestmark = pytest.mark.parametrize("scope", list(StopScope))


def on(floor: Floor, scope: str) -> Stop:
    """A stop in the moment of its commit: it is on, and nothing is taken back yet."""
    stop = Stop(scope=scope, reason="it invents figures", **target(floor, scope))
    return throw(stop, floor.operator)


def target(floor: Floor, scope: str) -> dict[str, Any]:
    targets: dict[str, dict[str, Any]] = {
        StopScope.AGENT: {"agent_id": floor.agent.pk},
        StopScope.TASK_TYPE: {"task_type": "default"},
    }
    return targets.get(scope, {})


def refused(call: Callable[[], Any]) -> LeaseLost:
    """How the call was refused. It wrote nothing."""
    before = everything()
    with pytest.raises(LeaseLost) as error:
        call()
    assert everything() == before
    return error.value


@pytest.mark.parametrize("name", CALLS)
def test_every_call_of_the_agent_is_refused(floor: Floor, scope: str, name: str) -> None:
    task_id, token = floor.bring_to("assigned" if name == "ack" else "in_progress")
    on(floor, scope)
    error = refused(partial(getattr(floor, name), task_id, token))
    assert error.members["cancel_requested"] is True
    assert row(task_id).state in HELD


def test_so_are_those_of_a_batch(floor: Floor, scope: str) -> None:
    leases = [floor.working(), floor.working(task_type="letters")]
    on(floor, scope)
    said = [shapes.Complete(task_id=pk, lease_token=token, result=RESULT) for pk, token in leases]
    results = carry_out_batch(said, agent_id=floor.agent.pk, actor=floor.actor)
    lost = [isinstance(result, LeaseLost) for result in results]
    assert lost == [True, scope != StopScope.TASK_TYPE]


@pytest.mark.parametrize("name", ["beat", "complete", "fail", "release"])
def test_a_stop_between_the_look_and_the_write_is_seen(
    floor: Floor, scope: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id, token = floor.working()
    look, before = work.load, row(task_id)

    def look_and_stop(*args: Any, **more: Any) -> Any:
        works = look(*args, **more)
        if not Stop.objects.exists():
            on(floor, scope)
        return works

    monkeypatch.setattr(calls, "load", look_and_stop)
    with pytest.raises(LeaseLost):
        getattr(floor, name)(task_id, token)
    after = row(task_id)
    assert (after.state, after.version, after.due_at) == (
        "in_progress",
        before.version,
        before.due_at,
    )
    sound(task_id)


def test_what_was_pushed_to_the_agent_is_not_handed_out(floor: Floor, scope: str) -> None:
    task_id, _ = floor.bring_to("assigned")
    on(floor, scope)
    assert (floor.claim(10), state_of(task_id)) == ([], "assigned")


def test_waiting_for_a_verdict_keeps_no_lease(floor: Floor, scope: str) -> None:
    task_id, token = floor.working()
    decision = floor.propose(task_id, token)["decision_id"]
    on(floor, scope)
    before = everything()
    look_up(decision, agent_id=floor.agent.pk, actor=floor.actor)
    assert everything() == before


def test_what_was_done_before_is_answered_again(floor: Floor, scope: str) -> None:
    task_id, token = floor.working()
    first = floor.complete(task_id, token)
    on(floor, scope)
    assert floor.complete(task_id, token) == first


def test_people_are_not_kept_from_the_task(floor: Floor, scope: str) -> None:
    task_id, _ = floor.working()
    on(floor, scope)
    floor.override(task_id)
    assert state_of(task_id) == "verified"
    sound(task_id)


def test_in_a_larger_transaction_a_few_are_taken_back_and_the_sweep_takes_the_rest(
    floor: Floor, scope: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request with an Idempotency-Key: nobody sees its stop before the commit, which must not wait."""
    monkeypatch.setattr(taking_back, "FEW", 2)
    leases = [floor.working() for _ in range(3)]
    thrown = set_stop(
        actor=floor.operator, scope=StopScope(scope), reason="x", **target(floor, scope)
    )
    assert thrown.taken_back == 2
    left = next(lease for lease in leases if row(lease[0]).state in HELD)
    refused(partial(floor.complete, *left))
    sweep()
    assert {state_of(task_id) for task_id, _ in leases} == {"queued"}


def test_lifting_takes_back_what_is_left_first(floor: Floor, scope: str) -> None:
    """Its agent was told to stop, and must not hold the task without knowing."""
    task_id, _ = floor.working()
    lift_stop(actor=floor.operator, stop_id=on(floor, scope).pk, reason="it was mended")
    assert (state_of(task_id), row(task_id).retry_count) == ("queued", 0)
    sound(task_id)
