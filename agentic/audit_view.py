"""The audit log by HTTP, for admins: `/api/v1/admin/audits`."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.request import Request
from rest_framework.response import Response

from agentic import described
from agentic.api import ApiView, choice_in_query, id_in_query, number_in_query, text_in_query
from agentic.audits import list_audits
from agentic.vocabulary import AuditAction

# Past every number that there can be: the first page.
FIRST_PAGE = 2**63 - 1


class Audits(ApiView):
    """Newest first. `next` is the cursor of the page with older ones, null when there is none."""

    rules: ClassVar = {"GET": "audits.view"}
    operations: ClassVar = {"GET": described.LIST_AUDITS}

    def get(self, request: Request) -> Response:
        limit = number_in_query(request, "limit", default=100, lowest=1, highest=500)
        rows = list_audits(
            limit=limit + 1,
            before=number_in_query(request, "cursor", default=FIRST_PAGE, highest=FIRST_PAGE),
            entity_type=text_in_query(request, "entity_type"),
            user_id=id_in_query(request, "user_id"),
            action=choice_in_query(request, "action", AuditAction.values),
        )
        page = rows[:limit]
        following = page[-1]["number"] if len(rows) > limit else None
        return Response({"audits": page, "next": following})
