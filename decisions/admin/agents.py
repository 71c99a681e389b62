"""The pages of agents, with what only this part knows: their tasks, and the kill switch."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html_join

from agentic.admin_actions import ReasonForm, ask
from agentic.admin_parts import list_address
from agentic.models import Event
from agentic.roles import may
from agentic.vocabulary import EntityType
from agents.admin import AgentAdmin
from agents.models import Agent
from decisions.admin.stops import WARNING, stop_and_tell
from decisions.models import Attempt, Decision, Stop, StopScope, Task
from decisions.states import HELD

HELD_NOW = ",".join(sorted(HELD))
admin.site.unregister(Agent)


@admin.register(Agent)
class WorkingAgentAdmin(AgentAdmin):
    actions = (*AgentAdmin.actions, "stop")

    @admin.display(description="more of this agent")
    def more(self, agent: Agent) -> str:
        lists = [
            (
                "tasks that it holds",
                list_address(Task, assigned_agent=agent.pk, state__in=HELD_NOW),
            ),
            ("attempts", list_address(Attempt, agent=agent.pk)),
            ("decisions", list_address(Decision, agent=agent.pk)),
            ("stops", list_address(Stop, agent=agent.pk)),
            ("events", list_address(Event, entity_type=EntityType.AGENT, entity_id=agent.pk)),
        ]
        return format_html_join(" · ", '<a href="{1}">{0}</a>', lists)

    def has_stop_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "stops.manage")

    @admin.action(description="STOP at once, and take its tasks away…", permissions=["stop"])
    def stop(self, request: HttpRequest, chosen: QuerySet[Agent]) -> HttpResponse | None:
        def act(agent: Agent, reason: str) -> str:
            return stop_and_tell(request, scope=StopScope.AGENT, agent_id=agent.pk, reason=reason)

        return ask(self, request, chosen, ReasonForm, act, title="Stop agents", warning=WARNING)
