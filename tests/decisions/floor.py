"""An agent at work and the platform around it: brings tasks into any state by the calls that do it in earnest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import F

from agentic.actors import Actor, ActorKind, Source
from agentic.clock import Now
from agentic.models import Event
from agents.authentication import CallingAgent, agent_of
from agents.models import Agent, AgentStatus
from agents.services import hear_from, issue_key, register_agent, set_status
from decisions import policy, shapes
from decisions.models import Attempt, Decision, Escalation, Feedback, Review, ReviewPolicy, Task
from decisions.services.calls import carry_out, carry_out_batch
from decisions.services.claims import claim
from decisions.services.creation import create_tasks
from decisions.services.delegation import delegate
from decisions.services.interventions import change_state, escalate_task, override_task
from decisions.services.verdicts import decide
from decisions.states import HELD, State

RESULT = {"label": 7}
LOOKED_AT: tuple[Any, ...] = (Task, Attempt, Decision, Review, Escalation, Feedback, Event)


class Floor:
    """One agent, one operator. Each call answers what the API would."""

    key = ""  # of one that was hired: to call the API with

    def __init__(
        self, agent: Agent, calling: Callable[[], CallingAgent], actor: Actor, operator: Actor
    ) -> None:
        self.agent, self.calling, self.actor, self.operator = agent, calling, actor, operator

    # People and programs.

    def queue(self, title: str = "read a digit", **values: Any) -> UUID:
        """A new task that nobody holds, whoever is free."""
        with self.away():
            return self.create(title, **values)

    def create(self, title: str = "read a digit", **values: Any) -> UUID:
        (task_id,) = create_tasks([shapes.NewTask(title=title, **values)], actor=self.operator)
        return task_id

    def patch(self, task_id: UUID, state: str, **metadata: Any) -> None:
        change_state(task_id, actor=self.operator, state=state, metadata=metadata)

    def override(self, task_id: UUID, **new_decision: Any) -> None:
        override_task(
            task_id, actor=self.operator, reason="because", new_decision=new_decision or RESULT
        )

    def escalate(self, task_id: UUID) -> None:
        escalate_task(task_id, actor=self.operator, reason="look at this")

    def review(self, decision_id: UUID, verdict: str, **more: Any) -> dict[str, Any]:
        said = {"decision_id": decision_id, "verdict": verdict, **more}
        return decide(msgspec.convert(said, shapes.ReviewOf), actor=self.operator)

    # The agent.

    def appear(self) -> None:
        hear_from(actor=self.actor, agent=self.calling())

    @contextmanager
    def away(self) -> Iterator[None]:
        """While the agent takes nothing."""
        status = AgentStatus(Agent.objects.values_list("status", flat=True).get(pk=self.agent.pk))
        set_status(actor=self.operator, agent_id=self.agent.pk, status=AgentStatus.MAINTENANCE)
        yield
        set_status(actor=self.operator, agent_id=self.agent.pk, status=status)

    def claim(
        self, max_tasks: int = 1, task_types: list[str] | None = None
    ) -> list[dict[str, Any]]:
        self.appear()
        return claim(
            agent=self.calling(), actor=self.actor, max_tasks=max_tasks, task_types=task_types
        )

    def take(self, task_id: UUID) -> UUID:
        """The lease token of this task, claimed by the agent with all else that it has room for."""
        found = {task["id"]: task["lease_token"] for task in self.claim(100)}
        token: UUID = found[task_id]
        return token

    def say(self, shape: type[shapes.Call], task_id: UUID, token: UUID, **more: Any) -> Any:
        call = msgspec.convert(
            {"lease_token": token, "task_id": task_id, **more}, shape, str_keys=True
        )
        return carry_out(call, agent_id=self.agent.pk, actor=self.actor)

    def ack(self, task_id: UUID, token: UUID, **more: Any) -> Any:
        return self.say(shapes.Ack, task_id, token, **more)

    def start(self, task_id: UUID, token: UUID) -> Any:
        return self.say(shapes.Start, task_id, token)

    def complete(self, task_id: UUID, token: UUID, **more: Any) -> Any:
        return self.say(shapes.Complete, task_id, token, **({"result": RESULT} | more))

    def together(self, task_id: UUID, token: UUID) -> Any:
        """Completed by a batch."""
        call = shapes.Complete(lease_token=token, task_id=task_id, result=RESULT, confidence=1.0)
        return carry_out_batch([call], agent_id=self.agent.pk, actor=self.actor)

    def fail(self, task_id: UUID, token: UUID, kind: str = "ValueError", **more: Any) -> Any:
        error = {"type": kind, "message": "it broke"}
        return self.say(shapes.Fail, task_id, token, **({"error": error} | more))

    def release(self, task_id: UUID, token: UUID, **more: Any) -> Any:
        return self.say(shapes.Release, task_id, token, **more)

    def suspend(self, task_id: UUID, token: UUID, **more: Any) -> Any:
        return self.say(shapes.Suspend, task_id, token, **more)

    def beat(self, task_id: UUID, token: UUID, **more: Any) -> Any:
        return self.say(shapes.Heartbeat, task_id, token, **more)

    def propose(self, task_id: UUID, token: UUID, **more: Any) -> Any:
        return self.say(shapes.Propose, task_id, token, **({"proposal": {"do": "it"}} | more))

    def delegate(self, task_id: UUID, token: UUID, **more: Any) -> dict[str, Any]:
        asked = msgspec.convert({"lease_token": token, "title": "a part", **more}, shapes.Delegate)
        return delegate(task_id, asked, agent_id=self.agent.pk, actor=self.actor)

    # Ways into a state.

    def bring_to(self, state: str, **values: Any) -> tuple[UUID, UUID]:
        """A task in `state`, with the lease token of its last attempt."""
        task_id = self.queue(**values)
        token = self.take(task_id)
        if state == State.QUEUED:
            self.release(task_id, token)
        elif state not in HELD:
            self.ack(task_id, token, start=True)
            self.finish(task_id, token, state)
        elif state != State.ASSIGNED:
            self.ack(task_id, token, start=state == State.IN_PROGRESS)
        assert state_of(task_id) == state
        return task_id, token

    def finish(self, task_id: UUID, token: UUID, state: str) -> None:
        match state:
            case State.COMPLETED:
                self.complete(task_id, token)
            case State.FAILED:
                self.fail(task_id, token)
            case State.ESCALATED:
                self.escalate(task_id)
            case State.VERIFIED:
                self.override(task_id)
            case State.CANCELLED:
                self.patch(task_id, State.CANCELLED)

    def working(self, **values: Any) -> tuple[UUID, UUID]:
        return self.bring_to(State.IN_PROGRESS, **values)

    # Colleagues.

    def hire(self, name: str, *capabilities: str, at_once: int = 10) -> Floor:
        """Another agent of the same platform, which takes work from now on."""
        agent = register_agent(
            actor=self.operator,
            name=name,
            capabilities=capabilities,
            max_concurrent_tasks=at_once,
        )
        key = issue_key(actor=self.operator, agent_id=agent.pk).secret
        actor = Actor(ActorKind.AGENT, agent.pk, agent.name, Source.AGENT)
        other = Floor(agent, lambda: agent_of(key), actor, self.operator)
        other.key = key
        other.appear()
        return other


def let_pass(task_id: UUID, *, beyond: float = 60) -> None:
    """The timer of this task ran out `beyond` seconds ago."""
    Task.objects.filter(pk=task_id).update(due_at=Now() - timedelta(seconds=beyond))
    held = Attempt.objects.filter(task=task_id, ended_at=None)
    held.update(lease_expires_at=row(task_id).due_at)


def row(task_id: UUID) -> Task:
    return Task.objects.get(pk=task_id)


def state_of(task_id: UUID) -> str:
    return row(task_id).state


def story(task_id: UUID) -> list[str]:
    """The events of the task, in order."""
    events = Event.objects.filter(entity_type="task", entity_id=task_id).order_by("version")
    return list(events.values_list("event_type", flat=True))


def told(task_id: UUID) -> dict[str, Any]:
    """What its newest event says."""
    events = Event.objects.filter(entity_type="task", entity_id=task_id)
    data: dict[str, Any] = events.latest("version").data
    return data


def versions(task_id: UUID) -> list[int]:
    events = Event.objects.filter(entity_type="task", entity_id=task_id).order_by("version")
    return list(events.values_list("version", flat=True))


def open_attempts(task_id: UUID) -> int:
    return Attempt.objects.filter(task=task_id, ended_at=None).count()


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows that a call could write, to see that it wrote nothing."""
    return {
        model.__name__: list(model._default_manager.order_by("pk").values()) for model in LOOKED_AT
    }


def pending(task_id: UUID) -> Decision:
    return Decision.objects.get(task=task_id, status="pending")


def activate_policy(**values: Any) -> ReviewPolicy:
    """From now on, this version rules."""
    ReviewPolicy.objects.filter(is_active=True).update(is_active=False)
    newest = ReviewPolicy.objects.order_by("-version").values_list("version", flat=True).first()
    version = (newest or 0) + 1
    row = ReviewPolicy.objects.create(
        **{"version": version, "is_active": True, "sample_share": 0, **values}
    )
    policy.active.forget()
    return row


def sound(task_id: UUID) -> None:
    """What must hold of any task at any moment."""
    task = row(task_id)
    assert versions(task_id) == list(range(1, task.version + 1))
    assert open_attempts(task_id) == (task.state in HELD)
    assert Escalation.objects.filter(task=task_id, resolved_at=None).count() == (
        task.state == State.ESCALATED
    )
    if task.state in HELD:
        attempt = Attempt.objects.get(task=task_id, ended_at=None)
        assert (attempt.number, attempt.agent_id) == (task.attempt_count, task.assigned_agent_id)
        assert attempt.lease_expires_at == task.due_at
    assert task.attempt_count == Attempt.objects.filter(task=task_id).count()
    assert Task.objects.filter(pk=task_id, retry_count__lte=F("max_retries")).exists()
