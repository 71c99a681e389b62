"""The doors to the kill switch."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import ApiView, choice_in_query, id_in_path, number_in_query, read_about
from agentic.parsing import read
from decisions import cursors, selectors, shapes
from decisions.described import stops as described
from decisions.models import Stop
from decisions.services.stops import lift_stop, set_stop


class Stops(ApiView):
    """POST stops an agent, a type of task or everything; GET lists what is and was stopped, newest first."""

    rules: ClassVar = {"GET": "stops.view", "POST": "stops.manage"}
    operations: ClassVar = {"GET": described.LIST_STOPS, "POST": described.SET_STOP}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=50, lowest=1, highest=500)
        only_on = choice_in_query(request, "active", ["true", "false"]) == "true"
        text = request.query_params.get("cursor")
        cursor = cursors.parse(text) if text else None
        rows = selectors.list_stops(only_on=only_on, limit=limit, cursor=cursor)
        return Response({"stops": rows, "limit": limit, "next": cursors.after_last(rows, limit)})

    def post(self, request: Request) -> Response:
        asked = read(request, shapes.NewStop)
        thrown = set_stop(
            actor=actor_of(request),
            scope=asked.scope,
            reason=asked.reason,
            agent_id=asked.agent_id,
            task_type=asked.task_type or "",
        )
        return Response({**shown(thrown.stop), "taken_back": thrown.taken_back}, status=201)


class LiftStop(ApiView):
    rules: ClassVar = {"POST": "stops.manage"}
    operations: ClassVar = {"POST": described.LIFT_STOP}

    def post(self, request: Request, stop_id: str) -> Response:
        pk = id_in_path(stop_id)
        asked = read_about(request, shapes.Lifting, Stop.objects.filter(pk=pk))
        return Response(shown(lift_stop(actor=actor_of(request), stop_id=pk, reason=asked.reason)))


def shown(stop: Stop) -> dict[str, Any]:
    return {name: getattr(stop, name) for name in selectors.STOP_FIELDS}
