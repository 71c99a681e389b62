"""What is done with an agent on its page: its status, its keys, and the kill switch."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import add_never_cache_headers

from agents.permitted import ACTIONS, guard
from agents.selectors import read_agent
from agents.services import IssuedKey, issue_key, revoke_key, rotate_key, set_status
from decisions.models import StopScope
from decisions.services.stops import set_stop
from oversight.agent_forms import KeyForm, ReasonForm, StatusForm
from oversight.doing import done, filled
from oversight.doors import PageRequest, action, actor, show
from oversight.pages.agents import about
from oversight.words import tasks_in_words


@action("agents.set_status")
def set_agent_status(request: PageRequest, agent_id: UUID) -> HttpResponse:
    said, agent = filled(StatusForm(request.POST)), read_agent(agent_id)
    chosen = ACTIONS[said["action"]]
    guard(chosen, request.user, agent)
    set_status(actor=actor(request), agent_id=agent_id, status=chosen.status, reason=said["reason"])
    return done(request, f"Status of {agent.name}: {chosen.status}.", back=page_of(agent_id))


@action("stops.manage")
def stop_agent(request: PageRequest, agent_id: UUID) -> HttpResponse:
    said, agent = filled(ReasonForm(request.POST)), read_agent(agent_id)
    thrown = set_stop(
        actor=actor(request), scope=StopScope.AGENT, agent_id=agent_id, reason=said["reason"]
    )
    text = f"{agent.name} is stopped. {tasks_in_words(thrown.taken_back)} went back to the queue."
    return done(request, text, back=page_of(agent_id))


@action("agents.manage_keys")
def issue_agent_key(request: PageRequest, agent_id: UUID) -> HttpResponse:
    said = filled(KeyForm(request.POST))
    expires_in = timedelta(days=said["days"]) if said["days"] else None
    scopes = [said["scope"]] if said["scope"] else []
    issued = issue_key(
        actor=actor(request), agent_id=agent_id, scopes=scopes, expires_in=expires_in
    )
    return shown_once(request, issued, agent_id)


@action("agents.manage_keys")
def rotate_agent_key(request: PageRequest, agent_id: UUID, key_id: UUID) -> HttpResponse:
    issued = rotate_key(actor=actor(request), agent_id=agent_id, key_id=key_id)
    return shown_once(request, issued, agent_id, replaced=True)


@action("agents.manage_keys")
def revoke_agent_key(request: PageRequest, agent_id: UUID, key_id: UUID) -> HttpResponse:
    key = revoke_key(actor=actor(request), agent_id=agent_id, key_id=key_id)
    return done(request, f"Key {key} opens nothing any more.", back=page_of(agent_id))


def shown_once(
    request: PageRequest, issued: IssuedKey, agent_id: UUID, *, replaced: bool = False
) -> HttpResponse:
    """The text of a new key, in this answer and nowhere else."""
    context: dict[str, Any] = {"issued": issued, "replaced": replaced}
    if request.htmx:
        answer = render(request, "oversight/_agent_secret.html", context)
        answer["HX-Trigger"] = "done"
    else:
        context |= about(request, read_agent(agent_id))
        answer = show(request, "oversight/agent.html", context)
    add_never_cache_headers(answer)
    return answer


def page_of(agent_id: UUID) -> str:
    return reverse("agent", args=[agent_id])
