"""Agents: all of them in a list, and each on a page of its own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.utils import timezone

from agentic.errors import Invalid
from agentic.roles import may
from agents.models import Agent, AgentStatus
from agents.permitted import allowed_actions, is_live
from agents.selectors import list_agents, list_keys, read_agent
from decisions.cursors import after_last, parse
from decisions.reliability import seen_of
from oversight.agent_forms import KeyForm
from oversight.doors import PageRequest, page, show
from oversight.reliability_chart import draw
from oversight.selectors import agent as read
from oversight.selectors.agents import is_stopped, standings, stops_on
from oversight.selectors.feedback import kinds_for, told_of

PAGE = 25
MOST_KEYS = 50
PARTS = {
    "agents": "oversight/_agents.html",
    "stops": "oversight/_stops.html",
    "agent-now": "oversight/_agent_now.html",
    "agent-acts": "oversight/_agent_acts.html",
}
Context = dict[str, Any]


@page("agents.view")
def agents(request: PageRequest) -> HttpResponse:
    status, after = asked_for(request)
    found, stops = list_agents(after=after, limit=PAGE + 1, status=status), stops_on()
    context = {
        "standings": standings(found[:PAGE], stops),
        "next": found[PAGE - 1].name if len(found) > PAGE else "",
        "status": status,
        "statuses": AgentStatus.values,
        "is_first": not after,
        "stops": stops,
        "may_stop": may(request.user, "stops.manage"),
    }
    return show(request, "oversight/agents.html", context, part=part_of(request))


def part_of(request: PageRequest) -> str:
    """The part that fetches itself, by its id; whole pages have none."""
    return PARTS.get(request.htmx.target or "", "")


def asked_for(request: PageRequest) -> tuple[str, str]:
    """The status that is wanted, and the name after which the page begins."""
    status, after = request.GET.get("status", ""), request.GET.get("after", "")
    if status and status not in AgentStatus.values:
        raise Invalid(status=f"one of {', '.join(AgentStatus.values)}")
    if "\x00" in after:
        raise Invalid(after="no name of an agent")
    return status, after


@page("agents.view")
def agent(request: PageRequest, agent_id: UUID) -> HttpResponse:
    """Whole, or one of the parts that fetch themselves, by the id of the part."""
    found = read_agent(agent_id)
    return show(request, "oversight/agent.html", about(request, found), part=part_of(request))


def about(request: PageRequest, agent: Agent) -> Context:
    return {"agent": agent, **work_of(request, agent), **acts_on(request, agent)}


def work_of(request: PageRequest, agent: Agent) -> Context:
    cursor = request.GET.get("cursor", "")
    attempts = list(read.attempts(agent.pk, parse(cursor) if cursor else None))
    (standing,) = standings([agent], [])
    judged = read.judgement(seen_of(agent.pk))
    word = word_about(request, agent)
    rows = [{"assigned_at": one.assigned_at, "id": one.pk} for one in attempts]
    return {
        "standing": standing,
        "held": read.tasks_held(agent.pk),
        "judged": judged,
        "word": word,
        "reliability": draw(word.found),
        "told": told_of(agent.pk, kinds_for(request.user)),
        "attempts": read.with_decisions(attempts),
        "next": after_last(rows, read.PAGE, by="assigned_at"),
        "is_first": not cursor,
    }


def word_about(request: PageRequest, agent: Agent) -> read.Word:
    task_type = request.GET.get("task_type", "")
    if "\x00" in task_type:
        raise Invalid(task_type="no type of task")
    return read.word_of(agent.pk, seen_of(agent.pk, task_type), task_type)


def acts_on(request: PageRequest, agent: Agent) -> Context:
    stops = stops_on()
    keeps_keys, now = may(request.user, "agents.manage_keys"), timezone.now()
    keys = list_keys(agent.pk)[:MOST_KEYS] if keeps_keys else []
    return {
        "actions": allowed_actions(request.user, agent),
        "is_stopped": is_stopped(agent, stops),
        "stop": next((stop for stop in stops if stop.agent_id == agent.pk), None),
        "keeps_keys": keeps_keys,
        "keys": [(key, is_live(key, now)) for key in keys],
        "key_form": KeyForm(),
        "may_stop": may(request.user, "stops.manage"),
    }
