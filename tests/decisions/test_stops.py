"""The kill switch: what is stopped is taken back at once and given to nobody, until a person lifts the stop."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from agentic.clock import Now
from agentic.errors import Conflict, DomainError, Invalid, LeaseLost
from agentic.models import Audit, Event, User
from agents.models import Agent, AgentStatus
from agents.services import set_status
from decisions.due import anything_due
from decisions.models import Attempt, Stop, StopScope, Task
from decisions.services.stops import AlreadyStopped, NotStopped, Thrown, lift_stop, set_stop
from decisions.sweep import escalate_unclaimed, sweep
from tests.conftest import Api
from tests.decisions.floor import Floor, row, sound, state_of, story, told

ClientFor = Callable[[User | str | None], Api]
SCOPES = list(StopScope)
FIELDS = {
    "id", "scope", "agent_id", "task_type", "reason", "created_by_id", "created_at", "lifted_by_id", "lifted_at",
}  # fmt: skip


def stop(floor: Floor, scope: str, reason: str = "it invents figures") -> Thrown:
    """A stop that covers the agent and the tasks of this floor."""
    targets: dict[str, dict[str, Any]] = {
        StopScope.AGENT: {"agent_id": floor.agent.pk},
        StopScope.TASK_TYPE: {"task_type": "default"},
    }
    target = targets.get(scope, {})
    return set_stop(actor=floor.operator, scope=StopScope(scope), reason=reason, **target)


def lift(floor: Floor, thrown: Thrown) -> Stop:
    return lift_stop(actor=floor.operator, stop_id=thrown.stop.pk, reason="it was mended")


def status_of(agent: Agent) -> tuple[str, str]:
    found = Agent.objects.get(pk=agent.pk)
    return found.status, found.paused_because


def back_in_service(floor: Floor) -> None:
    """Somebody sets the agent available again: that does not undo a stop."""
    set_status(actor=floor.operator, agent_id=floor.agent.pk, status=AgentStatus.AVAILABLE)


def let_wait(task_id: UUID, hours: float) -> None:
    Task.objects.filter(pk=task_id).update(updated_at=Now() - timedelta(hours=hours))


@pytest.mark.parametrize("scope", SCOPES)
class TestEachScope:
    def test_a_claim_gets_nothing(self, floor: Floor, scope: str) -> None:
        task_id = floor.queue()
        stop(floor, scope)
        back_in_service(floor)
        assert (floor.claim(), state_of(task_id)) == ([], "queued")

    def test_a_new_task_is_pushed_to_nobody(self, floor: Floor, scope: str) -> None:
        floor.appear()
        stop(floor, scope)
        back_in_service(floor)
        assert state_of(floor.create()) == "queued"

    def test_nor_is_one_whose_time_has_come(self, floor: Floor, scope: str) -> None:
        floor.appear()
        task_id, _ = floor.bring_to("queued")
        stop(floor, scope)
        back_in_service(floor)
        Task.objects.filter(pk=task_id).update(due_at=Now())
        sweep()
        assert (state_of(task_id), row(task_id).due_at) == ("queued", None)

    def test_a_person_cannot_assign_it_either(self, floor: Floor, scope: str) -> None:
        task_id, _ = floor.bring_to("escalated")
        stop(floor, scope)
        back_in_service(floor)
        with pytest.raises(Conflict, match=r"No agent that fits"):
            floor.patch(task_id, "assigned", agent_id=str(floor.agent.pk))

    @pytest.mark.parametrize("state", ["assigned", "acked", "in_progress"])
    def test_what_is_held_goes_back_without_a_retry(
        self, floor: Floor, scope: str, state: str
    ) -> None:
        task_id, _ = floor.bring_to(state)
        thrown = stop(floor, scope)
        assert (thrown.taken_back, state_of(task_id), row(task_id).retry_count) == (1, "queued", 0)
        assert story(task_id)[-1] == "task.requeued"
        assert told(task_id)["reason"] == "it invents figures"
        assert Attempt.objects.get(task=task_id).outcome == "stopped"
        sound(task_id)

    @pytest.mark.parametrize("call", ["ack", "beat", "complete", "fail", "release", "propose"])
    def test_its_agent_is_told_to_stop(self, floor: Floor, scope: str, call: str) -> None:
        task_id, token = floor.working()
        stop(floor, scope)
        with pytest.raises(LeaseLost) as refused:
            getattr(floor, call)(task_id, token)
        assert refused.value.members["cancel_requested"] is True
        assert state_of(task_id) == "queued"

    def test_when_it_is_lifted_work_goes_on(self, floor: Floor, scope: str) -> None:
        task_id, _ = floor.working()
        lift(floor, stop(floor, scope))
        (again,) = floor.claim()
        assert (again["id"], again["attempt"], again["resume"]["reason"]) == (
            task_id,
            2,
            "requeued",
        )
        sound(task_id)

    def test_a_second_one_meets_the_first(self, floor: Floor, scope: str) -> None:
        first = stop(floor, scope)
        with pytest.raises(AlreadyStopped):
            stop(floor, scope)
        lift(floor, first)
        with pytest.raises(NotStopped):
            lift(floor, first)
        assert stop(floor, scope).stop.lifted_at is None

    def test_it_leaves_events_and_audits(self, floor: Floor, scope: str, admin: User) -> None:
        thrown = stop(floor, scope)
        lift(floor, thrown)
        events = Event.objects.filter(entity_type="stop", entity_id=thrown.stop.pk)
        said = [(e.version, e.event_type, e.data["reason"]) for e in events.order_by("version")]
        assert said == [
            (1, "stop.set", "it invents figures"),
            (2, "stop.lifted", "it was mended"),
        ]
        audits = Audit.objects.filter(entity_type="stop", entity_id=str(thrown.stop.pk))
        assert [(a.action, a.reason, a.user_id) for a in audits] == [
            ("stop.set", "it invents figures", admin.pk),
            ("stop.lifted", "it was mended", admin.pk),
        ]

    def test_the_sweep_takes_back_what_was_left(self, floor: Floor, scope: str) -> None:
        """Whoever set the stop was killed before it could."""
        task_id, _ = floor.working()
        targets: dict[str, dict[str, Any]] = {
            "agent": {"agent": floor.agent},
            "task_type": {"task_type": "default"},
        }
        Stop.objects.create(scope=scope, reason="a power cut", **targets.get(scope, {}))
        assert anything_due()
        sweep()
        assert (state_of(task_id), told(task_id)["reason"]) == ("queued", "a power cut")
        sound(task_id)

    def test_an_idle_tick_stays_idle(self, floor: Floor, scope: str) -> None:
        floor.working()
        stop(floor, scope)
        sweep()
        assert not anything_due()


class TestWhatIsNotStopped:
    def test_another_agent_takes_over(self, floor: Floor) -> None:
        task_id, _ = floor.working()
        other = floor.hire("other")
        stop(floor, "agent")
        sweep()
        assert row(task_id).assigned_agent_id == other.agent.pk

    def test_another_type_goes_on(self, floor: Floor) -> None:
        task_id, token = floor.working(task_type="letters")
        stopped = floor.queue()
        stop(floor, "task_type")
        floor.complete(task_id, token)
        waits = floor.queue(task_type="letters")
        assert [task["id"] for task in floor.claim(10)] == [waits]
        assert (state_of(task_id), state_of(stopped)) == ("completed", "queued")
        assert state_of(floor.create(task_type="letters")) == "assigned"

    def test_what_waits_for_people_is_left_to_them(self, floor: Floor) -> None:
        states = ["completed", "escalated", "failed"]
        tasks = [floor.bring_to(state)[0] for state in states]
        stop(floor, "everything")
        assert [state_of(task_id) for task_id in tasks] == states

    def test_a_part_that_is_delegated_waits(self, floor: Floor) -> None:
        floor.hire("other")
        parent, token = floor.working(task_type="letters", required_capabilities=["digits"])
        stop(floor, "task_type")
        child = floor.delegate(parent, token)["task_id"]
        assert state_of(child) == "queued"


class TestTheAgent:
    def test_it_leaves_service_and_comes_back(self, floor: Floor) -> None:
        floor.appear()
        thrown = stop(floor, "agent")
        assert status_of(floor.agent) == ("maintenance", "it invents figures")
        lift(floor, thrown)
        assert status_of(floor.agent) == ("available", "")

    def test_one_that_was_out_of_service_stays_there(self, floor: Floor) -> None:
        with floor.away():
            lift(floor, stop(floor, "agent"))
            assert status_of(floor.agent)[0] == "maintenance"

    def test_what_somebody_set_meanwhile_stands(self, floor: Floor) -> None:
        floor.appear()
        thrown = stop(floor, "agent")
        for status in (AgentStatus.AVAILABLE, AgentStatus.MAINTENANCE):
            set_status(actor=floor.operator, agent_id=floor.agent.pk, status=status)
        lift(floor, thrown)
        assert status_of(floor.agent)[0] == "maintenance"

    def test_a_long_reason_is_cut_for_the_agent_alone(self, floor: Floor) -> None:
        thrown = stop(floor, "agent", reason="because " * 100)
        assert len(status_of(floor.agent)[1]) == 200
        assert len(Stop.objects.get(pk=thrown.stop.pk).reason) == 800


class TestWaiting:
    def test_what_is_stopped_is_not_escalated(self, floor: Floor) -> None:
        task_id, other = floor.queue(), floor.queue(task_type="letters")
        stop(floor, "task_type")
        for waiting in (task_id, other):
            let_wait(waiting, 48)
        escalate_unclaimed()
        assert (state_of(task_id), state_of(other)) == ("queued", "escalated")

    def test_nor_right_after_it_is_lifted(self, floor: Floor) -> None:
        task_id = floor.queue()
        thrown = stop(floor, "everything")
        let_wait(task_id, 48)
        lift(floor, thrown)
        escalate_unclaimed()
        assert state_of(task_id) == "queued"
        Stop.objects.update(lifted_at=Now() - timedelta(hours=25))
        escalate_unclaimed()
        assert state_of(task_id) == "escalated"


class TestInput:
    @pytest.mark.parametrize(
        ("said", "field"),
        [
            ({"scope": StopScope.EVERYTHING, "reason": "  "}, "reason"),
            ({"scope": StopScope.AGENT}, "agent_id"),
            ({"scope": StopScope.AGENT, "agent_id": uuid4()}, "agent_id"),
            ({"scope": StopScope.EVERYTHING, "agent_id": uuid4()}, "agent_id"),
            ({"scope": StopScope.TASK_TYPE}, "task_type"),
            ({"scope": StopScope.EVERYTHING, "task_type": "default"}, "task_type"),
        ],
    )
    def test_a_stop_says_what_and_why(self, floor: Floor, said: dict[str, Any], field: str) -> None:
        with pytest.raises(Invalid) as refused:
            set_stop(**{"actor": floor.operator, "reason": "because", **said})
        assert list(refused.value.members["errors"]) == [field]
        assert not Stop.objects.exists()

    def test_so_does_whoever_lifts_it(self, floor: Floor) -> None:
        thrown = stop(floor, "everything")
        with pytest.raises(Invalid):
            lift_stop(actor=floor.operator, stop_id=thrown.stop.pk, reason=" ")
        with pytest.raises(DomainError, match="no such stop"):
            lift_stop(actor=floor.operator, stop_id=uuid4(), reason="because")


class TestApi:
    def test_an_admin_stops_and_lifts(self, client_for: ClientFor, admin: User) -> None:
        api = client_for(admin)
        answer = api.post("/admin/stops", {"scope": "task_type", "task_type": "x", "reason": "y"})
        assert answer.status_code == 201
        body = answer.json()
        assert set(body) == FIELDS | {"taken_back"}
        assert (body["scope"], body["task_type"], body["agent_id"]) == ("task_type", "x", None)
        lifted = api.post(f"/admin/stops/{body['id']}/lift", {"reason": "z"})
        assert (lifted.status_code, lifted.json()["lifted_by_id"]) == (200, str(admin.pk))
        again = api.post(f"/admin/stops/{body['id']}/lift", {"reason": "z"})
        assert (again.status_code, again.json()["state"]) == (409, "lifted")

    def test_a_manager_looks_and_a_viewer_does_not(
        self, floor: Floor, client_for: ClientFor, manager: User, viewer: User, agent_key: str
    ) -> None:
        thrown = stop(floor, "everything")
        lift(floor, thrown)
        second = stop(floor, "task_type")
        api, said = client_for(manager), {"scope": "everything", "reason": "y"}
        ids = [row["id"] for row in api.get("/admin/stops").json()["stops"]]
        assert ids == [str(second.stop.pk), str(thrown.stop.pk)]
        only = api.get("/admin/stops", active="true").json()["stops"]
        assert [row["id"] for row in only] == ids[:1]
        assert api.post("/admin/stops", said).status_code == 403
        assert api.post(f"/admin/stops/{ids[0]}/lift", {}).status_code == 403
        for who in (viewer, agent_key):
            assert client_for(who).get("/admin/stops").status_code == 403
            assert client_for(who).post("/admin/stops", said).status_code == 403

    def test_pages_follow_each_other(
        self, floor: Floor, client_for: ClientFor, manager: User
    ) -> None:
        for _ in range(3):
            lift(floor, stop(floor, "everything"))
        api = client_for(manager)
        first = api.get("/admin/stops", limit=2).json()
        rest = api.get("/admin/stops", limit=2, cursor=first["next"]).json()
        assert (len(first["stops"]), len(rest["stops"]), rest["next"]) == (2, 1, None)

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"scope": "everything"}, 400),
            ({"scope": "nobody", "reason": "y"}, 400),
            ({"scope": "everything", "reason": "y", "more": 1}, 400),
            ({"scope": "agent", "reason": "y"}, 400),
            ({"scope": "agent", "agent_id": str(uuid4()), "reason": "y"}, 400),
            ({"scope": "task_type", "task_type": "two words", "reason": "y"}, 400),
        ],
    )
    def test_bad_bodies(
        self, client_for: ClientFor, admin: User, body: dict[str, Any], status: int
    ) -> None:
        answer = client_for(admin).post("/admin/stops", body)
        assert (answer.status_code, Stop.objects.count()) == (status, 0)

    def test_two_at_once_and_one_that_is_not_there(
        self, client_for: ClientFor, admin: User
    ) -> None:
        api, said = client_for(admin), {"scope": "everything", "reason": "y"}
        assert api.post("/admin/stops", said).status_code == 201
        assert api.post("/admin/stops", said).status_code == 409
        for path in (f"/admin/stops/{uuid4()}/lift", "/admin/stops/x/lift"):
            assert api.post(path, {}).status_code == 404

    def test_a_repeated_request_is_one_stop(
        self, floor: Floor, client_for: ClientFor, admin: User
    ) -> None:
        task_id, _ = floor.working()
        api, said = client_for(admin), {"scope": "everything", "reason": "y"}
        answers = [
            api.post("/admin/stops", said, HTTP_IDEMPOTENCY_KEY="stop it").json() for _ in range(2)
        ]
        assert answers[0] == answers[1]
        assert (answers[0]["taken_back"], state_of(task_id)) == (1, "queued")

    def test_readiness_tells_how_many_are_on(self, floor: Floor) -> None:
        def said() -> dict[str, Any]:
            answer: dict[str, Any] = Client().get("/readyz").json()["checks"]["stops"]
            return answer

        assert said() == {"ok": True, "detail": "none is on"}
        stop(floor, "everything")
        stop(floor, "task_type")
        assert said() == {"ok": True, "detail": "2 on"}
