"""The doors for reviewers: what waits for a person, and the verdict."""

from __future__ import annotations

from typing import ClassVar

import msgspec
from rest_framework.request import Request
from rest_framework.response import Response

from agentic.acting import actor_of
from agentic.api import ApiView, id_in_path, number_in_query, read_about
from agentic.errors import DomainError, NotAllowed
from agentic.parsing import read
from agentic.problems import of_domain
from agentic.refusals import note
from decisions import cursors, selectors, shapes
from decisions.described import reviews as described
from decisions.models import Decision
from decisions.services.verdicts import decide, decide_many


class Reviews(ApiView):
    """GET lists what waits for a person, the most urgent first; POST gives up to 500 verdicts, each by itself."""

    rules: ClassVar = {"GET": "reviews.view", "POST": "reviews.decide"}
    operations: ClassVar = {"GET": described.LIST_REVIEWS, "POST": described.REVIEW_MANY}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=50, lowest=1, highest=500)
        text = request.query_params.get("cursor")
        rows = selectors.list_pending(limit=limit, cursor=cursors.parse(text) if text else None)
        return Response({"reviews": rows, "next": cursors.after_last(rows, limit, "due_at")})

    def post(self, request: Request) -> Response:
        asked = read(request, shapes.Reviews)
        results = decide_many(asked.reviews, actor=actor_of(request))
        for refused in (result for result in results if isinstance(result, NotAllowed)):
            note(request, self.rules["POST"], refused.detail)
        return Response({"results": answers(results)})


class ReviewDecision(ApiView):
    rules: ClassVar = {"POST": "reviews.decide"}
    operations: ClassVar = {"POST": described.REVIEW}

    def post(self, request: Request, decision_id: str) -> Response:
        pk = id_in_path(decision_id)
        asked = read_about(request, shapes.ReviewRequest, Decision.objects.filter(pk=pk))
        review = shapes.ReviewOf(decision_id=pk, **msgspec.structs.asdict(asked))
        return Response(decide(review, actor=actor_of(request)))


def answers(results: list[dict[str, object] | DomainError]) -> list[dict[str, object]]:
    """One entry per item: its status and its answer or problem."""
    return [
        {"status": result.status, "body": of_domain(result)}
        if isinstance(result, DomainError)
        else {"status": 200, "body": result}
        for result in results
    ]
