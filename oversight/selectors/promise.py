"""What the active policy promises, beside what has come of it since it rules."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from agentic.clock import database_now
from agentic.ids import first_id_at
from decisions.estimates import Estimate
from decisions.models import Decision, ReviewPolicy
from decisions.models.decision import Route
from decisions.models.policy import Budget
from decisions.statistics import wilson
from decisions.unseen import DAYS, estimate_unseen_by
from oversight.selectors.policies import took_effect

MOST = 20_000


class Promise(NamedTuple):
    """`told` is of decisions by this version alone; `over` says of which, in words."""

    budget: str
    accepted: float
    told: Estimate
    over: str


def read_promise() -> Promise | None:
    policy = ReviewPolicy.objects.filter(is_active=True).exclude(budget="").first()
    if policy is None or policy.budget_value is None:
        return None
    began = took_effect([policy])[policy.pk]
    oldest = database_now() - timedelta(days=DAYS)
    since = max(began, oldest)
    by_share = policy.budget == Budget.SHARE
    told = (to_people_by if by_share else estimate_unseen_by)(policy.version, since=since)
    return Promise(policy.budget, policy.budget_value, told, over(policy, began > oldest, told))


def over(policy: ReviewPolicy, is_new: bool, told: Estimate) -> str:
    if policy.budget == Budget.SHARE and told.n == MOST:
        return f"of the newest {MOST:,} by version {policy.version}"
    if is_new:
        return f"since version {policy.version} took effect"
    return f"in the last {DAYS} days of version {policy.version}"


def to_people_by(policy_version: int, *, since: datetime) -> Estimate:
    """The share that went to people; the interval is Wilson's."""
    # Ids go by time, and lead to the newest; those that are older than their ids say are left out.
    made = Decision.objects.filter(pk__gte=first_id_at(since), created_at__gt=since)
    by_it = made.filter(policy_version=policy_version).order_by("-pk")
    routes = list(by_it.values_list("route", flat=True)[:MOST])
    people, n = len(routes) - routes.count(Route.AUTO), len(routes)
    return Estimate(people / n if n else None, *wilson(people, n), n)
