"""The kill switch beyond one agent, and what lets work go on."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from decisions.models import StopScope
from decisions.services.stops import lift_stop, set_stop
from oversight.agent_forms import ReasonForm, StopForm
from oversight.doing import done, filled
from oversight.doors import PageRequest, action, actor
from oversight.words import tasks_in_words


@action("stops.manage")
def stop_work(request: PageRequest) -> HttpResponse:
    """All tasks of one type, or everything."""
    said = filled(StopForm(request.POST))
    thrown = set_stop(
        actor=actor(request),
        scope=StopScope(said["scope"]),
        task_type=said["task_type"],
        reason=said["reason"],
    )
    text = f"Stopped: {thrown.stop}. {tasks_in_words(thrown.taken_back)} went back to the queue."
    return done(request, text, back=reverse("agents"))


@action("stops.manage")
def lift(request: PageRequest, stop_id: UUID) -> HttpResponse:
    reason = filled(ReasonForm(request.POST))["reason"]
    stop = lift_stop(actor=actor(request), stop_id=stop_id, reason=reason)
    return done(request, f"Lifted: {stop}. Work goes on.", back=reverse("agents"))
