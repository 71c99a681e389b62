"""The doors to drafts of the review policy."""

from __future__ import annotations

from typing import Any, ClassVar, cast
from uuid import UUID

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import (
    ApiView,
    choice_in_query,
    id_in_path,
    number_in_query,
    read_about,
)
from agentic.models import User
from agentic.parsing import read
from decisions import cursors, selectors, shapes
from decisions.described import policies as described
from decisions.models import PolicyDraft, ReviewPolicy
from decisions.models.policy import DraftState
from decisions.permitted_drafts import guard
from decisions.services.drafts import (
    close_draft,
    draft_policy,
    edit_draft,
    publish_draft,
    read_draft,
    simulate_draft,
    told,
)
from decisions.services.policies import rules_of


class Drafts(ApiView):
    rules: ClassVar = {"GET": "policies.view", "POST": "policies.draft"}
    operations: ClassVar = {"GET": described.LIST_DRAFTS, "POST": described.DRAFT_POLICY}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=50, lowest=1, highest=500)
        state = choice_in_query(request, "state", DraftState.values)
        text = request.query_params.get("cursor")
        cursor = cursors.parse(text) if text else None
        rows = selectors.list_drafts(state=state, limit=limit, cursor=cursor)
        places = [{"id": row.pk, "created_at": row.created_at} for row in rows]
        listed = [shown_draft(row, simulation=False) for row in rows]
        return Response({"drafts": listed, "next": cursors.after_last(places, limit)})

    def post(self, request: Request) -> Response:
        rules = msgspec.structs.asdict(read(request, shapes.NewDraft))
        return Response(shown_draft(draft_policy(actor=actor_of(request), rules=rules)), status=201)


class OneDraft(ApiView):
    rules: ClassVar = {"GET": "policies.view", "PATCH": "policies.draft"}
    operations: ClassVar = {"GET": described.SHOW_DRAFT, "PATCH": described.EDIT_DRAFT}

    def get(self, request: Request, draft_id: str) -> Response:
        return Response(shown_draft(read_draft(id_in_path(draft_id))))

    def patch(self, request: Request, draft_id: str) -> Response:
        pk = id_in_path(draft_id)
        said = read_about(request, shapes.NewDraft, PolicyDraft.objects.filter(pk=pk))
        guarded("change", request, pk)
        rules = msgspec.structs.asdict(said)
        return Response(shown_draft(edit_draft(actor=actor_of(request), draft_id=pk, rules=rules)))


class SimulateDraft(ApiView):
    """It takes seconds, and holds no transaction meanwhile."""

    rules: ClassVar = {"POST": "policies.draft"}
    operations: ClassVar = {"POST": described.SIMULATE_DRAFT}

    def prepare(self, request: Request) -> None:
        pk = asked_about(request, self.kwargs["draft_id"])
        guarded("simulate", request, pk)
        simulate_draft(actor=actor_of(request), draft_id=pk)

    def post(self, request: Request, draft_id: str) -> Response:
        return Response(shown_draft(read_draft(id_in_path(draft_id))))


class PublishDraft(ApiView):
    rules: ClassVar = {"POST": "policies.manage"}
    operations: ClassVar = {"POST": described.PUBLISH_DRAFT}

    def post(self, request: Request, draft_id: str) -> Response:
        pk = id_in_path(draft_id)
        said = read_about(request, shapes.Publishing, PolicyDraft.objects.filter(pk=pk))
        guarded("publish", request, pk)
        policy = publish_draft(actor=actor_of(request), draft_id=pk, seen=said.simulated_at)
        return Response(shown_policy(policy), status=201)


class CloseDraft(ApiView):
    rules: ClassVar = {"POST": "policies.draft"}
    operations: ClassVar = {"POST": described.CLOSE_DRAFT}

    def post(self, request: Request, draft_id: str) -> Response:
        pk = asked_about(request, draft_id)
        guarded("close", request, pk)
        return Response(shown_draft(close_draft(actor=actor_of(request), draft_id=pk)))


def asked_about(request: Request, draft_id: str) -> UUID:
    """The draft that the address names, once the body says nothing else."""
    pk = id_in_path(draft_id)
    read_about(request, shapes.Nothing, PolicyDraft.objects.filter(pk=pk))
    return pk


def guarded(name: str, request: Request, pk: UUID) -> None:
    guard(name, cast(User, request.user), read_draft(pk), actor=actor_of(request))


def shown_policy(policy: ReviewPolicy) -> dict[str, Any]:
    return {
        **rules_of(policy),
        "is_active": policy.is_active,
        "created_by_id": policy.created_by_id,
        "approved_by_id": policy.approved_by_id,
        "created_at": policy.created_at,
    }


def shown_draft(draft: PolicyDraft, *, simulation: bool = True) -> dict[str, Any]:
    return {
        **told(draft),
        "id": draft.pk,
        "state": draft.state,
        "simulation": draft.simulation if simulation else None,
        "simulated_at": draft.simulated_at,
        "version": draft.policy.version if draft.policy else None,
        "created_by_id": draft.created_by_id,
        "created_at": draft.created_at,
    }
