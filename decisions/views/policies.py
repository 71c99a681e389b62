"""The doors to the review policy."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import ApiView, number_in_query, read_about
from agentic.errors import NotFound
from agentic.parsing import read
from decisions import selectors, shapes
from decisions.described import policies as described
from decisions.models import ReviewPolicy
from decisions.services.drafts import draft_policy
from decisions.services.policies import activate_policy, publish_policy
from decisions.views.drafts import shown_draft, shown_policy

LONGEST_VERSION = 9  # digits
NEWEST = 10**LONGEST_VERSION


class ActivePolicy(ApiView):
    rules: ClassVar = {"GET": "policies.view"}
    operations: ClassVar = {"GET": described.SHOW_POLICY}

    def get(self, request: Request) -> Response:
        return Response(shown_policy(selectors.active_policy()))


class Policies(ApiView):
    """POST proposes a version; where one person alone may publish, it takes effect at once."""

    rules: ClassVar = {"GET": "policies.view", "POST": "policies.manage"}
    operations: ClassVar = {"GET": described.LIST_POLICIES, "POST": described.PUBLISH_POLICY}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=50, lowest=1, highest=500)
        before = number_in_query(request, "before", default=NEWEST, lowest=1, highest=NEWEST)
        rows = selectors.list_policies(limit=limit, before=before)
        following = rows[-1].version if len(rows) == limit else None
        return Response({"policies": [shown_policy(row) for row in rows], "next": following})

    def post(self, request: Request) -> Response:
        said = msgspec.structs.asdict(read(request, shapes.NewPolicy))
        actor = actor_of(request)
        if settings.POLICY_TWO_PEOPLE:
            rules = {**said, "budget": "", "budget_value": None, "risk_threshold": None}
            return Response(shown_draft(draft_policy(actor=actor, rules=rules)), status=202)
        return Response(shown_policy(publish_policy(actor=actor, **said)), status=201)


class ActivatePolicy(ApiView):
    rules: ClassVar = {"POST": "policies.manage"}
    operations: ClassVar = {"POST": described.ACTIVATE_POLICY}

    def post(self, request: Request, version: str) -> Response:
        number = version_in_path(version)
        read_about(request, shapes.Nothing, ReviewPolicy.objects.filter(version=number))
        return Response(shown_policy(activate_policy(actor=actor_of(request), version=number)))


def version_in_path(text: str) -> int:
    """What is no number is no version."""
    if not (text.isascii() and text.isdigit() and len(text) <= LONGEST_VERSION):
        raise NotFound("There is no such version of the policy.")
    return int(text)
