"""What waits until a second person agrees: versions of models that are to go live, and drafts of the review policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings
from django.urls import reverse

from agentic.models import User
from agentic.roles import may
from decisions.models import PolicyDraft
from decisions.models.policy import DraftState
from decisions.ready import situation, unready
from mlregistry.models import ActivationRequest, RequestStatus

MOST_SHOWN, MOST_READ = 5, 20  # of each kind


class Asked(NamedTuple):
    """`what` and `name` say together what somebody asks for; at the address one agrees to it, or does not."""

    what: str
    name: str
    by: str
    at: datetime
    address: str


def waiting_for(user: User) -> list[Asked]:
    """What this person may agree to; nobody agrees to what they asked for themselves."""
    found: list[Asked] = []
    if may(user, "models.activate"):
        found.extend(versions(user))
    if may(user, "policies.manage"):
        found.extend(drafts(user))
    return found


def versions(user: User) -> Iterator[Asked]:
    rows = ActivationRequest.objects.filter(status=RequestStatus.OPEN).exclude(requested_by=user)
    for row in rows.select_related("model", "requested_by").order_by("-id")[:MOST_SHOWN]:
        address = reverse("model", args=[row.name])
        yield Asked("To go live:", str(row.model), row.requested_by.name, row.requested_at, address)


def drafts(user: User) -> Iterator[Asked]:
    """Only those that can be published as they are."""
    rows = PolicyDraft.objects.filter(state=DraftState.OPEN, simulation__problem="")
    if settings.POLICY_TWO_PEOPLE:
        rows = rows.exclude(created_by=user)
    tried = list(rows.select_related("created_by").order_by("-simulated_at")[:MOST_READ])
    now = situation() if tried else None
    ready = [row for row in tried if now and not unready(row, now)]
    for row in ready[:MOST_SHOWN]:
        address = reverse("policy_draft", args=[row.pk])
        name, at = row.note or "without a note", row.simulated_at or row.created_at
        yield Asked("Draft of the policy:", name, row.created_by.name, at, address)
