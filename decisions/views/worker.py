"""The doors for agents. The agent is known by its key, never by a body."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, cast

import msgspec
from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.actors import Actor
from agentic.api import ApiView, about, id_in_path, number_in_query, read_about
from agentic.errors import Invalid
from agentic.idempotency import key_of
from agentic.longpoll import wait_for
from agentic.parsing import read
from agents.authentication import CallingAgent, actor_of_agent
from agents.permissions import AgentOnly
from agents.services import announce, hear_from, sign_off
from agents.shapes import Announcement, SigningOff
from decisions import shapes
from decisions.described import worker as described
from decisions.models import Decision, Task
from decisions.services.calls import carry_out, carry_out_batch
from decisions.services.claims import claim
from decisions.services.delegation import delegate
from decisions.services.proposals import look_up
from decisions.states import TERMINAL, DecisionStatus
from decisions.views.reviews import answers

DEFAULT_WAIT = 25
LONGEST_WAIT = 50


class WorkerView(ApiView):
    """A door for agents only. Every call is a sign of life."""

    permission_classes = (AgentOnly,)
    # What a sign of life that comes before the rest makes room for.
    may_wait: ClassVar[float] = 0

    def beforehand(self, request: Request) -> None:
        """With a key, the sign of life: else it would hold the agent's row while the rest waits for a task's."""
        agent = cast(CallingAgent, request.user)
        if key_of(request) is None or not agent.works:
            return
        status = hear_from(actor=actor_of_agent(request), agent=agent, waiting=self.may_wait)
        silent_at = agent.called_at + timedelta(
            seconds=settings.AGENT_SILENT_SECONDS + self.may_wait
        )
        request.user = replace(  # type: ignore[assignment] # DRF knows users alone
            agent, status=status, last_seen_at=agent.called_at, silent_at=silent_at
        )

    def agent(self, request: Request, *, waiting: float = 0) -> tuple[CallingAgent, Actor]:
        agent, actor = cast(CallingAgent, request.user), actor_of_agent(request)
        if agent.works:
            hear_from(actor=actor, agent=agent, waiting=waiting)
        return agent, actor


class Register(WorkerView):
    operations: ClassVar = {"POST": described.REGISTER}

    def post(self, request: Request) -> Response:
        said = read(request, Announcement)
        agent, actor = self.agent(request)
        row = announce(actor=actor, agent=agent, **msgspec.structs.asdict(said))
        return Response(
            {
                "agent_id": row.pk,
                "name": row.name,
                "heartbeat_interval": settings.AGENT_HEARTBEAT_SECONDS,
                "lease_seconds": settings.TASK_LEASE_SECONDS,
                "poll_wait": DEFAULT_WAIT,
                "capabilities": row.capabilities,
                "task_types": row.task_types,
                "concurrency": row.max_concurrent_tasks,
            }
        )


class SignOff(WorkerView):
    """The agent stops: nothing more is given to it until it calls again."""

    operations: ClassVar = {"POST": described.SIGN_OFF}

    def beforehand(self, request: Request) -> None:
        """No sign of life."""

    def post(self, request: Request) -> Response:
        said = read(request, SigningOff)
        agent, actor = cast(CallingAgent, request.user), actor_of_agent(request)
        return Response({"status": sign_off(actor=actor, agent=agent, finishing=said.finishing)})


class ClaimTasks(WorkerView):
    operations: ClassVar = {"POST": described.CLAIM}

    def post(self, request: Request) -> Response:
        asked = read(request, shapes.Claim)
        agent, actor = self.agent(request, waiting=asked.wait_seconds)
        tasks = claim(
            agent=agent, actor=actor, max_tasks=asked.max_tasks, task_types=asked.task_types
        )
        response = Response({"tasks": tasks})
        return response if tasks else wait_for(response, f"agent:{agent.id}", asked.wait_seconds)


class TaskCall(WorkerView):
    """ack, start, heartbeat, propose, complete, fail, release, suspend: the shape says which."""

    shape: type[shapes.Call] = shapes.Call

    def post(self, request: Request, task_id: str) -> Response:
        pk = id_in_path(task_id)
        with about(Task.objects.filter(pk=pk)):
            call = read(request, self.shape)
            if call.task_id not in {shapes.NOT_GIVEN, pk}:
                raise Invalid(task_id="differs from the one in the address")
        agent, actor = self.agent(request)
        call = msgspec.structs.replace(call, task_id=pk)
        return Response(carry_out(call, agent_id=agent.id, actor=actor))


class DelegateTask(WorkerView):
    operations: ClassVar = {"POST": described.DELEGATE}
    may_wait = LONGEST_WAIT

    def post(self, request: Request, task_id: str) -> Response:
        pk = id_in_path(task_id)
        asked = read_about(request, shapes.Delegate, Task.objects.filter(pk=pk))
        agent, actor = self.agent(request, waiting=asked.wait_seconds)
        answer = delegate(pk, asked, agent_id=agent.id, actor=actor)
        response = Response(answer)
        if answer["state"] in TERMINAL:
            return response
        return wait_for(response, f"task:{answer['task_id']}", asked.wait_seconds)


class WorkerDecision(WorkerView):
    operations: ClassVar = {"GET": described.SHOW_DECISION}

    def get(self, request: Request, decision_id: str) -> Response:
        pk = id_in_path(decision_id)
        with about(Decision.objects.filter(pk=pk)):
            wait = number_in_query(request, "wait", default=0, highest=LONGEST_WAIT)
        agent, actor = self.agent(request, waiting=wait)
        answer = look_up(pk, agent_id=agent.id, actor=actor, renew=agent.works)
        response = Response(answer)
        pending = answer["status"] == DecisionStatus.PENDING
        return wait_for(response, f"decision:{pk}", wait) if pending else response


class BatchCalls(WorkerView):
    operations: ClassVar = {"POST": described.BATCH}

    def post(self, request: Request) -> Response:
        batch = read(request, shapes.Batch)
        for place, call in enumerate(batch.operations):
            if call.task_id == shapes.NOT_GIVEN:
                raise Invalid(**{f"operations[{place}].task_id": "this field is required"})
        agent, actor = self.agent(request)
        results = carry_out_batch(batch.operations, agent_id=agent.id, actor=actor)
        return Response({"results": answers(results)})
