"""The dashboard: in one look, whether all is well."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponse

from agentic.events import newest_between
from agentic.health import Finding, look_around
from agentic.roles import may
from decisions.estimates import Estimate
from decisions.models.policy import Budget
from decisions.policy import active
from decisions.unseen import estimate_unseen
from oversight.dashboard_charts import draw
from oversight.doors import PageRequest, page, show
from oversight.frames import GUARDED
from oversight.kept import Kept
from oversight.risk_words import misfit
from oversight.selectors.agreement import waiting_for
from oversight.selectors.fleet import fleet
from oversight.selectors.over_time import course
from oversight.selectors.saved import saved
from oversight.selectors.urgent import urgent
from oversight.spans import SPANS, Span, span_of
from oversight.tiles import saved_tiles, tiles_for
from oversight.words import accepted_in_words, allowed_in_words, estimate_in_words

MOST_EVENTS = 20
HEALTH_SECONDS = 5.0
health: Kept[None, dict[str, Finding]] = Kept(
    lambda _: look_around()[1], seconds=lambda _: HEALTH_SECONDS
)
UNSEEN_SECONDS = 30.0
unseen: Kept[None, Estimate] = Kept(lambda _: estimate_unseen(), seconds=lambda _: UNSEEN_SECONDS)
Context = dict[str, Any]


@page("tasks.view")
def dashboard(request: PageRequest) -> HttpResponse:
    """Whole, or one of the parts that fetch themselves, by the id of the part."""
    span = span_of(request.GET.get("range", "hour"))
    wanted = PARTS.get(request.htmx.target or "")
    context: Context = {"span": span, "spans": SPANS.values()}
    if wanted:
        template, read = wanted
        return show(request, template, context | read(request, span), part=template)
    for _, read in PARTS.values():
        context |= read(request, span)
    context["events"] = newest(request)
    return show(request, "oversight/dashboard.html", context)


def now(request: PageRequest, span: Span) -> Context:
    tiles = [*tiles_for(request.user), *saved_tiles(request.user, saved.get(None))]
    failing = [check for check in health.get(None).values() if not check.ok]
    alarms = [tile for tile in tiles if tile.alarms]
    return {
        "tiles": tiles,
        "alarms": alarms,
        "failing": failing,
        "is_bad": bool(failing) or any(tile.tone == "bad" for tile in alarms),
        "escalations": urgent() if may(request.user, "escalations.view") else [],
        "agreement": waiting_for(request.user),
    }


def parts(request: PageRequest, span: Span) -> Context:
    """What the platform is made of, and the agents beside it."""
    sees_agents = may(request.user, "agents.view")
    return {"checks": health.get(None), "fleet": fleet() if sees_agents else None}


def newest(request: PageRequest) -> list[dict[str, Any]]:
    """The newest first, as they come in from then on by the socket."""
    hidden = () if may(request.user, "escalations.view") else GUARDED
    return newest_between(0, request.position, limit=MOST_EVENTS, without=hidden)[::-1]


def over_time(request: PageRequest, span: Span) -> Context:
    read = course.get(span.name)
    estimate = unseen.get(None)
    told = {"unseen": estimate, "unseen_in_words": estimate_in_words(estimate)}
    sees_policies = may(request.user, "policies.view")
    return {"course": read, "charts": draw(read), **told, **(promised() if sees_policies else {})}


def promised() -> Context:
    """What the active policy promises and whether it is kept, for those who may look at it."""
    promise = saved.get(None).promise
    if promise is None:
        return {}
    in_words = allowed_in_words if promise.budget == Budget.SHARE else accepted_in_words
    said = in_words(promise.accepted, promise.told, promise.over)
    return {"promise": said, "misfit": misfit(active.get())}


PARTS: dict[str, tuple[str, Callable[[PageRequest, Span], Context]]] = {
    "now": ("oversight/_dashboard_now.html", now),
    "parts": ("oversight/_dashboard_parts.html", parts),
    "over-time": ("oversight/_dashboard_over_time.html", over_time),
}
