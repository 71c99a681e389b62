"""What the newest of the audit sample say of the decisions that nobody looked at."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from agentic.clock import seconds_from_now
from decisions.estimates import Drawn, Estimate, wrong_among_unseen
from decisions.judgements import WHAT_WAS_SAID
from decisions.models import Decision
from decisions.models.decision import Route
from decisions.states import CORRECTED, JUDGED

DAYS = 30
MOST = 5_000


def estimate_unseen() -> Estimate:
    """The share of wrong ones among what passed without a look in the last 30 days, by whichever policy."""
    recent = Decision.objects.filter(created_at__gt=seconds_from_now(-DAYS * 24 * 3600))
    return wrong_among_unseen(newest_of_the_sample(recent))


def estimate_unseen_by(policy_version: int, *, since: datetime) -> Estimate:
    """The same of what this version let pass since then."""
    passed = Decision.objects.filter(created_at__gt=since, policy_version=policy_version)
    return wrong_among_unseen(newest_of_the_sample(passed))


def newest_of_the_sample(among: QuerySet[Decision]) -> list[Drawn]:
    drawn = among.filter(route=Route.SAMPLE, status__in=JUDGED).order_by("-created_at")
    rows = drawn.values_list("audit_probability", WHAT_WAS_SAID)[:MOST]
    judged = [(probability, said) for probability, said in rows if said in JUDGED]
    return [Drawn(probability, said in CORRECTED) for probability, said in judged]
