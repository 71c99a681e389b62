"""Agents: what they can, whether they are there, and their keys."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_actions import ReasonForm, ask, each, few
from agentic.admin_lists import NamedChoices
from agentic.admin_parts import NOTHING, Tone, badge
from agentic.admin_rules import RuledAdmin
from agentic.roles import may
from agents import services
from agents.admin.forms import NAMES, AgentForm
from agents.admin.keys import SHOWN_ONCE, KeyInline
from agents.models import Agent, AgentStatus

TONES: dict[str, Tone] = {
    AgentStatus.AVAILABLE: "good",
    AgentStatus.BUSY: "busy",
    AgentStatus.OFFLINE: "bad",
    AgentStatus.MAINTENANCE: "warn",
}
PAUSE = "They are given nothing more, and may finish what they hold. Only a person puts them back."


@admin.register(Agent)
class AgentAdmin(RuledAdmin):
    rule_to_view, rule_to_add, rule_to_change = "agents.view", "agents.create", "agents.change"
    form = AgentForm
    inlines = (KeyInline,)
    list_display = (
        "name", "state", "paused_because", "agent_type", "can", "max_concurrent_tasks", "last_seen_at",
    )  # fmt: skip
    list_filter = (("status", NamedChoices), "agent_type", "last_seen_at")
    date_hierarchy = "created_at"
    search_fields = ("name", "agent_type")
    search_help_text = "A name or a type."
    readonly_fields = (
        "state", "paused_because", "last_seen_at", "task_types", "client_version", "framework", "version",
        "created_at", "more",
    )  # fmt: skip
    fieldsets = (
        (
            None,
            {"fields": ("name", "agent_type", "state", "paused_because", "last_seen_at", "more")},
        ),
        ("What it can", {"fields": ("capabilities", "task_types", "config")}),
        (
            "Limits",
            {"fields": ("max_concurrent_tasks", "priority_level", "max_decisions_per_hour")},
        ),
        (
            "What it says of itself",
            {"fields": ("client_version", "framework", "version", "created_at")},
        ),
    )
    actions: tuple[str, ...] = ("pause", "resume", "set_busy", "set_offline", "issue_key")

    @admin.display(description="state", ordering="status")
    def state(self, agent: Agent) -> str:
        return badge(agent.status, TONES[agent.status], AgentStatus(agent.status).label)

    @admin.display(description="capabilities")
    def can(self, agent: Agent) -> str:
        return ", ".join(agent.capabilities) or NOTHING

    @admin.display(description="more of this agent")
    def more(self, agent: Agent) -> str:
        return NOTHING

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.readonly_fields, "name") if obj else self.readonly_fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return super().get_fieldsets(request, obj) if obj else ((None, {"fields": NAMES}),)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: Agent, form: Any, change: bool) -> None:
        actor = actor_of(request, Source.ADMIN)
        said = {name: form.cleaned_data[name] for name in NAMES if name in form.cleaned_data}
        if change:
            services.change_agent(actor=actor, agent_id=obj.pk, values=said)
        else:
            obj.pk = services.register_agent(actor=actor, **said).pk

    def has_set_status_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "agents.set_status")

    def has_manage_keys_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "agents.manage_keys")

    @admin.action(description="Pause: take out of service…", permissions=["set_status"])
    def pause(self, request: HttpRequest, chosen: QuerySet[Agent]) -> HttpResponse | None:
        return self.set_status(request, chosen, AgentStatus.MAINTENANCE, "Pause", PAUSE)

    @admin.action(description="Resume: put back into service…", permissions=["set_status"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Agent]) -> HttpResponse | None:
        text = "They take work from now on, if they are heard of. A stop that is on is not lifted by this."
        return self.set_status(request, chosen, AgentStatus.AVAILABLE, "Resume", text)

    @admin.action(description="Give no more work…", permissions=["set_status"])
    def set_busy(self, request: HttpRequest, chosen: QuerySet[Agent]) -> HttpResponse | None:
        text = "They keep what they hold."
        return self.set_status(request, chosen, AgentStatus.BUSY, "Give no more work", text)

    @admin.action(description="Count as offline until it calls again…", permissions=["set_status"])
    def set_offline(self, request: HttpRequest, chosen: QuerySet[Agent]) -> HttpResponse | None:
        text = "What they hold moves on to others. One that is alive is back with its next call."
        return self.set_status(request, chosen, AgentStatus.OFFLINE, "Count as offline", text)

    def set_status(
        self,
        request: HttpRequest,
        chosen: QuerySet[Agent],
        status: AgentStatus,
        title: str,
        warning: str,
    ) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(agent: Agent, reason: str) -> str:
            services.set_status(actor=actor, agent_id=agent.pk, status=status, reason=reason)
            return f"Status of {agent}: {status.value}."

        return ask(self, request, chosen, ReasonForm, act, title=title, warning=warning)

    @admin.action(description="Issue a key (shown once)", permissions=["manage_keys"])
    def issue_key(self, request: HttpRequest, chosen: QuerySet[Agent]) -> None:
        actor = actor_of(request, Source.ADMIN)

        def act(agent: Agent) -> str:
            issued = services.issue_key(actor=actor, agent_id=agent.pk)
            text = format_html(SHOWN_ONCE, f"Key of {agent}:", issued.secret, ".")
            self.message_user(request, text, messages.WARNING)
            return ""

        each(self, request, few(self, request, chosen), act)
