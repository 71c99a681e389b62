"""What the newest of the audit sample say of the decisions that nobody looked at."""

from __future__ import annotations

from agentic.clock import seconds_from_now
from decisions.estimates import Drawn, Estimate, wrong_among_unseen
from decisions.models import Decision
from decisions.models.decision import Route
from decisions.states import CORRECTED, JUDGED

DAYS = 30
MOST = 5_000


def estimate_unseen() -> Estimate:
    """The share of wrong ones among what passed without a look in the last 30 days."""
    return wrong_among_unseen(newest_of_the_sample())


def newest_of_the_sample() -> list[Drawn]:
    drawn = Decision.objects.filter(
        route=Route.SAMPLE, status__in=JUDGED, created_at__gt=seconds_from_now(-DAYS * 24 * 3600)
    ).order_by("-created_at")
    rows = drawn.values_list("audit_probability", "status")[:MOST]
    return [Drawn(probability, status in CORRECTED) for probability, status in rows]
