"""Versions of the review policy with when each took effect, and drafts of it, a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import Case, Max, When

from agentic.models import Event
from agentic.vocabulary import EntityType
from decisions.models import PolicyDraft, ReviewPolicy
from decisions.models.policy import DraftState

PAGE = 20


def took_effect(versions: Sequence[ReviewPolicy]) -> dict[UUID, datetime]:
    """When last. What has no event of it came with the platform, or never ruled."""
    story = Event.objects.filter(
        entity_type=EntityType.POLICY, entity_id__in=[version.pk for version in versions]
    )
    last = dict(story.values_list("entity_id").annotate(Max("created_at")).order_by())
    return {version.pk: last.get(version.pk, version.created_at) for version in versions}


def drafts(page: int) -> list[PolicyDraft]:
    """Those that are open first, and of these the newest; one more than a page has, if there are more."""
    open_first = Case(When(state=DraftState.OPEN, then=0), default=1)
    rows = PolicyDraft.objects.order_by(open_first, "-created_at", "-pk").defer("simulation")
    begin = (page - 1) * PAGE
    return list(rows.select_related("created_by", "policy")[begin : begin + PAGE + 1])
