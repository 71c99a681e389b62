"""The doors to the review policy."""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import ApiView
from agentic.parsing import read
from decisions import selectors, shapes
from decisions.described import reviews as described
from decisions.models import ReviewPolicy
from decisions.services.policies import publish_policy, rules_of


class ActivePolicy(ApiView):
    rules: ClassVar = {"GET": "policies.view"}
    operations: ClassVar = {"GET": described.SHOW_POLICY}

    def get(self, request: Request) -> Response:
        return Response(shown(selectors.active_policy()))


class Policies(ApiView):
    """POST publishes a version, which takes effect at once."""

    rules: ClassVar = {"POST": "policies.manage"}
    operations: ClassVar = {"POST": described.PUBLISH_POLICY}

    def post(self, request: Request) -> Response:
        said = read(request, shapes.NewPolicy)
        policy = publish_policy(actor=actor_of(request), **msgspec.structs.asdict(said))
        return Response(shown(policy), status=201)


def shown(policy: ReviewPolicy) -> dict[str, Any]:
    return {
        **rules_of(policy),
        "is_active": policy.is_active,
        "created_by_id": policy.created_by_id,
        "created_at": policy.created_at,
    }
