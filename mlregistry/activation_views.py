"""Which version is live, by HTTP: `/api/v1/admin/models/.../activate`, requests for it, and what was live when."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import (
    ApiView,
    choice_in_query,
    id_in_path,
    id_in_query,
    number_in_query,
    read_about,
    text_in_query,
)
from agentic.clock import database_now
from agentic.errors import Invalid
from mlregistry import described_going_live as described
from mlregistry import selectors
from mlregistry.models import Activation, ActivationRequest, RegisteredModel, RequestStatus
from mlregistry.services.activation_requests import (
    approve_activation,
    let_go_live,
    refuse_activation,
)
from mlregistry.shapes import Deciding, GoingLive
from mlregistry.views import page

REQUEST_SHOWN = (
    "id", "model_id", "name", "status", "reason", "requested_by_id", "requested_at", "decided_by_id", "decided_at",
    "answer",
)  # fmt: skip
LIVE_SHOWN = (
    "name", "model_id", "activated_at", "ended_at", "requested_by_id", "approved_by_id",
)  # fmt: skip


def request_shown(row: ActivationRequest) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in REQUEST_SHOWN}
    return {**told, "version": row.model.version, "gate": row.gate["lines"]}


def live_shown(row: Activation) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in LIVE_SHOWN}
    return {**told, "version": row.model.version, "is_rollback": row.restores_id is not None}


class Activate(ApiView):
    """The version goes live, and the one that was retires; or a second person is asked."""

    rules = {"POST": "models.activate"}
    operations = {"POST": described.ACTIVATE_MODEL}

    def post(self, request: Request, model_id: str) -> Response:
        pk = id_in_path(model_id)
        asked = read_about(request, GoingLive, RegisteredModel.objects.filter(pk=pk))
        who, reason = actor_of(request), asked.reason
        waits = let_go_live(actor=who, model_id=pk, replaces=asked.replaces, reason=reason)
        if waits is None:
            return Response({"status": "activated", "model_id": pk})
        about = {"model_id": pk, "request_id": waits.pk, "gate": waits.gate["lines"]}
        return Response({"status": "requested", **about}, status=202)


class Requests(ApiView):
    rules = {"GET": "models.view"}
    operations = {"GET": described.LIST_REQUESTS}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=100, lowest=1, highest=500)
        rows = selectors.list_requests(
            status=choice_in_query(request, "status", RequestStatus.values),
            name=text_in_query(request, "name"),
            before=id_in_query(request, "cursor"),
            limit=limit + 1,
        )
        shown = [request_shown(row) for row in rows[:limit]]
        return Response({"requests": shown, **page(rows, limit)})


class Approve(ApiView):
    rules = {"POST": "models.activate"}
    operations = {"POST": described.APPROVE}

    def post(self, request: Request, request_id: str) -> Response:
        pk = id_in_path(request_id)
        said = read_about(request, Deciding, ActivationRequest.objects.filter(pk=pk))
        model = approve_activation(actor=actor_of(request), request_id=pk, reason=said.reason)
        return Response({"status": "activated", "model_id": model.pk})


class Refuse(ApiView):
    rules = {"POST": "models.activate"}
    operations = {"POST": described.REFUSE}

    def post(self, request: Request, request_id: str) -> Response:
        pk = id_in_path(request_id)
        said = read_about(request, Deciding, ActivationRequest.objects.filter(pk=pk))
        row = refuse_activation(actor=actor_of(request), request_id=pk, reason=said.reason)
        return Response(request_shown(row))


class Live(ApiView):
    """What was live at a moment."""

    rules = {"GET": "models.view"}
    operations = {"GET": described.LIVE_MODELS}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=100, lowest=1, highest=500)
        at = moment_in_query(request, "at") or database_now()
        name, after = text_in_query(request, "name"), text_in_query(request, "cursor")
        rows = selectors.live_at(at, name=name, after=after, limit=limit + 1)
        following = rows[limit - 1].name if len(rows) > limit else None
        shown = [live_shown(row) for row in rows[:limit]]
        return Response({"at": at, "models": shown, "limit": limit, "next": following})


def moment_in_query(request: Request, name: str) -> datetime | None:
    """A date and a time with its zone; a plus that was not escaped is taken for what it was."""
    text = text_in_query(request, name, longest=40)
    if not text:
        return None
    with suppress(ValueError, OverflowError):  # at the ends of the calendar UTC has no such day
        found = parse_datetime(text.replace(" ", "+") if "T" in text else text)
        if found and found.tzinfo:
            return found.astimezone(UTC)
    raise Invalid(**{name: "a date and a time with its zone, such as 2026-11-22T08:00:00Z"})
