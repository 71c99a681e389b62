"""The doors to tasks, for people and programs."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import (
    ApiView,
    about,
    choice_in_query,
    id_in_path,
    number_in_query,
    read_about,
    text_in_query,
)
from agentic.idempotency import key_of
from agentic.parsing import read
from decisions import cursors, selectors, shapes
from decisions.described import tasks as said
from decisions.models import Task
from decisions.services.creation import create_task, create_tasks
from decisions.services.interventions import change_state, escalate_task, override_task
from decisions.states import State

LARGEST_PAGE = 500
# Past this an offset costs more than anybody should wait for; the cursor costs the same everywhere.
LARGEST_OFFSET = 10_000


class CreateTask(ApiView):
    rules: ClassVar = {"POST": "tasks.create"}
    operations: ClassVar = {"POST": said.CREATE_TASK}

    def post(self, request: Request) -> Response:
        wanted = read(request, shapes.NewTask)
        task_id = create_task(wanted, actor=actor_of(request), key=key_of(request))
        return Response(selectors.get_task(task_id), status=201)


class ShowTask(ApiView):
    rules: ClassVar = {"GET": "tasks.view"}
    operations: ClassVar = {"GET": said.SHOW_TASK}

    def get(self, request: Request, task_id: str) -> Response:
        return Response(selectors.get_task(id_in_path(task_id)))


class Tasks(ApiView):
    """GET lists; POST creates up to 500 at once, all or none."""

    rules: ClassVar = {"GET": "tasks.view", "POST": "tasks.create"}
    operations: ClassVar = {"GET": said.LIST_TASKS, "POST": said.CREATE_TASKS}

    def get(self, request: Request) -> Response:
        state = choice_in_query(request, "state", State.values)
        limit, offset, cursor = page_in(request)
        rows = selectors.list_tasks(state=state, limit=limit, offset=offset, cursor=cursor)
        return Response(
            {
                "tasks": rows,
                "limit": limit,
                "offset": offset,
                "next": cursors.after_last(rows, limit),
            }
        )

    def post(self, request: Request) -> Response:
        wanted = read(request, shapes.NewTasks)
        ids = create_tasks(wanted.tasks, actor=actor_of(request))
        return Response({"tasks": selectors.get_tasks(ids)}, status=201)


class TaskState(ApiView):
    rules: ClassVar = {"PATCH": "tasks.move"}
    operations: ClassVar = {"PATCH": said.MOVE_TASK}

    def patch(self, request: Request, task_id: str) -> Response:
        pk = id_in_path(task_id)
        asked = read_about(request, shapes.StateChange, Task.objects.filter(pk=pk))
        change_state(pk, actor=actor_of(request), state=asked.state, metadata=asked.metadata)
        return Response({"status": "updated", "new_state": asked.state})


class OverrideTask(ApiView):
    rules: ClassVar = {"POST": "tasks.override"}
    operations: ClassVar = {"POST": said.OVERRIDE_TASK}

    def post(self, request: Request, task_id: str) -> Response:
        pk = id_in_path(task_id)
        asked = read_about(request, shapes.Override, Task.objects.filter(pk=pk))
        override_task(
            pk,
            actor=actor_of(request),
            reason=asked.reason,
            new_decision=asked.new_decision,
            metadata=asked.metadata,
        )
        return Response({"status": "overridden", "task_id": pk, "new_decision": asked.new_decision})


class EscalateTask(ApiView):
    rules: ClassVar = {"POST": "tasks.escalate"}
    operations: ClassVar = {"POST": said.ESCALATE_TASK}

    def post(self, request: Request, task_id: str) -> Response:
        pk = id_in_path(task_id)
        with about(Task.objects.filter(pk=pk)):
            asked = read(request, shapes.EscalationRequest)
            reason = text_in_query(request, "reason", longest=10_000) or asked.reason
        escalate_task(pk, actor=actor_of(request), reason=reason)
        return Response({"status": "escalated", "task_id": pk, "reason": reason})


class Escalations(ApiView):
    rules: ClassVar = {"GET": "escalations.view"}
    operations: ClassVar = {"GET": said.LIST_ESCALATIONS}

    def get(self, request: Request) -> Response:
        limit, _, cursor = page_in(request)
        rows = selectors.list_escalated(limit=limit, cursor=cursor)
        return Response({"escalations": rows, "next": cursors.after_last(rows, limit)})


def page_in(request: Request) -> tuple[int, int, Any]:
    limit = number_in_query(request, "limit", default=50, lowest=1, highest=LARGEST_PAGE)
    offset = number_in_query(request, "offset", default=0, highest=LARGEST_OFFSET)
    text = request.query_params.get("cursor")
    return limit, offset, cursors.parse(text) if text else None


class Stats(ApiView):
    rules: ClassVar = {"GET": "stats.view"}
    operations: ClassVar = {"GET": said.SHOW_STATS}

    def get(self, request: Request) -> Response:
        return Response(selectors.stats())
