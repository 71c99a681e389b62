"""Feedback: given by people and programs, read by the agents that it is about."""

from __future__ import annotations

from typing import ClassVar, cast

from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import ApiView, id_in_path, id_in_query, number_in_query, read_about
from agents.authentication import CallingAgent
from agents.permissions import AgentOnly
from decisions import selectors, shapes
from decisions.described import feedback as described
from decisions.models import Task
from decisions.services.feedback import give_feedback


class GiveFeedback(ApiView):
    rules: ClassVar = {"POST": "feedback.give"}
    operations: ClassVar = {"POST": described.GIVE_FEEDBACK}

    def post(self, request: Request, task_id: str) -> Response:
        pk = id_in_path(task_id)
        told = read_about(request, shapes.FeedbackRequest, Task.objects.filter(pk=pk))
        feedback_id = give_feedback(pk, actor=actor_of(request), told=told)
        answer = {"status": "recorded", "feedback_id": feedback_id, "task_id": pk}
        return Response(answer, status=201)


class WorkerFeedback(ApiView):
    permission_classes = (AgentOnly,)
    operations: ClassVar = {"GET": described.READ_FEEDBACK}

    def get(self, request: Request) -> Response:
        agent = cast(CallingAgent, request.user)
        limit = number_in_query(request, "limit", default=50, lowest=1, highest=500)
        rows = selectors.list_feedback(agent.id, after=id_in_query(request, "after"), limit=limit)
        more = rows[-1]["id"] if len(rows) == limit else None
        return Response({"feedback": rows, "next": more})
