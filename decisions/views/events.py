"""The event store, for readers who follow it."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from agentic.api import ApiView, choice_in_query, id_in_query, number_in_query
from agentic.events import read_after
from agentic.vocabulary import EntityType
from decisions.described import tasks as said


class Events(ApiView):
    """Events after a position, in order. `next` is the position to go on from, null when there is no more for now."""

    rules: ClassVar = {"GET": "events.view"}
    operations: ClassVar = {"GET": said.LIST_EVENTS}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=100, lowest=1, highest=1000)
        events = read_after(
            number_in_query(request, "after", default=0),
            limit=limit,
            entity_type=choice_in_query(request, "entity_type", EntityType.values),
            entity_id=id_in_query(request, "entity_id"),
        )
        more = events[-1]["position"] if len(events) == limit else None
        return Response({"events": events, "next": more})
