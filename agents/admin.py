"""The registry for operators. Every change goes through the services, as it does from the API."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_rules import RuledAdmin
from agentic.errors import DomainError, Invalid
from agentic.forms import StrictJSONField
from agentic.parsing import decode
from agentic.roles import may
from agents import services
from agents.models import Agent, AgentKey, AgentStatus
from agents.shapes import NewAgent

EDITED = msgspec.structs.fields(NewAgent)
NAMES = tuple(field.name for field in EDITED)


class AgentForm(forms.ModelForm):  # type: ignore[type-arg] # takes none at run time
    """Held to the same rules as the API's body."""

    class Meta:
        model = Agent
        fields = NAMES
        field_classes = {"capabilities": StrictJSONField, "config": StrictJSONField}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        said = {name: data[name] for name in NAMES if name in data}
        try:
            decode(json.dumps({"name": self.instance.name or "-"} | said).encode(), NewAgent)
        except Invalid as error:
            for name, texts in error.members["errors"].items():
                self.add_error(
                    name.split("[")[0] if name.split("[")[0] in self.fields else None, texts
                )
        return data


class KeyInline(admin.TabularInline):  # type: ignore[type-arg] # takes none at run time
    model = AgentKey
    fields = readonly_fields = (
        "prefix",
        "scopes",
        "expires_at",
        "last_used_at",
        "revoked_at",
        "created_at",
    )
    extra = 0
    can_delete = False
    verbose_name_plural = (
        "keys (issue one from the list of agents, revoke one from the list of keys)"
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "agents.manage_keys")


@admin.register(Agent)
class AgentAdmin(RuledAdmin):
    rule_to_view, rule_to_add, rule_to_change = "agents.view", "agents.create", "agents.change"
    form = AgentForm
    inlines = (KeyInline,)
    list_display = (
        "name",
        "status",
        "agent_type",
        "capabilities",
        "max_concurrent_tasks",
        "last_seen_at",
    )
    list_filter = ("status", "agent_type")
    search_fields = ("name",)
    readonly_fields = (
        "status",
        "client_version",
        "framework",
        "last_seen_at",
        "version",
        "created_at",
    )
    actions = ("set_available", "set_busy", "set_maintenance", "set_offline", "issue_key")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        shown = tuple(self.readonly_fields)
        return (*shown, "name") if obj else shown

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

    @admin.action(description="Make available", permissions=["set_status"])
    def set_available(self, request: HttpRequest, chosen: QuerySet[Agent]) -> None:
        self.set_status(request, chosen, AgentStatus.AVAILABLE)

    @admin.action(description="Give no more work", permissions=["set_status"])
    def set_busy(self, request: HttpRequest, chosen: QuerySet[Agent]) -> None:
        self.set_status(request, chosen, AgentStatus.BUSY)

    @admin.action(description="Take out of service for maintenance", permissions=["set_status"])
    def set_maintenance(self, request: HttpRequest, chosen: QuerySet[Agent]) -> None:
        self.set_status(request, chosen, AgentStatus.MAINTENANCE)

    @admin.action(description="Count as offline until it calls again", permissions=["set_status"])
    def set_offline(self, request: HttpRequest, chosen: QuerySet[Agent]) -> None:
        self.set_status(request, chosen, AgentStatus.OFFLINE)

    def set_status(
        self, request: HttpRequest, chosen: QuerySet[Agent], status: AgentStatus
    ) -> None:
        for agent in chosen:
            try:
                services.set_status(
                    actor=actor_of(request, Source.ADMIN), agent_id=agent.pk, status=status
                )
            except DomainError as error:
                self.message_user(request, f"Status of {agent}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"Status of {agent}: {status.value}.", messages.SUCCESS)

    @admin.action(description="Issue a key (shown once)", permissions=["manage_keys"])
    def issue_key(self, request: HttpRequest, chosen: QuerySet[Agent]) -> None:
        for agent in chosen:
            issued = services.issue_key(actor=actor_of(request, Source.ADMIN), agent_id=agent.pk)
            text = "Key of {}: <code>{}</code> Copy it now, it is not shown again."
            self.message_user(request, format_html(text, agent, issued.secret), messages.WARNING)


@admin.register(AgentKey)
class AgentKeyAdmin(RuledAdmin):
    """Only what may be shown of a key; the digest stays in the database."""

    rule_to_view = "agents.manage_keys"
    fields = ("agent", "prefix", "scopes", "expires_at", "last_used_at", "revoked_at", "created_at")
    list_display = fields
    list_select_related = ("agent",)
    search_fields = ("agent__name", "prefix")
    actions = ("rotate", "revoke")

    def has_manage_keys_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "agents.manage_keys")

    @admin.action(description="Replace by a new key (shown once)", permissions=["manage_keys"])
    def rotate(self, request: HttpRequest, chosen: QuerySet[AgentKey]) -> None:
        for key in chosen:
            self.rotate_one(request, key)

    def rotate_one(self, request: HttpRequest, key: AgentKey) -> None:
        actor = actor_of(request, Source.ADMIN)
        try:
            issued = services.rotate_key(actor=actor, agent_id=key.agent_id, key_id=key.pk)
        except DomainError as error:
            self.message_user(request, f"Key {key}: {error}", messages.ERROR)
            return
        text = "In place of {}: <code>{}</code> Copy it now, it is not shown again; the old one works for an hour."
        self.message_user(request, format_html(text, key, issued.secret), messages.WARNING)

    @admin.action(description="Revoke at once", permissions=["manage_keys"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[AgentKey]) -> None:
        for key in chosen:
            services.revoke_key(
                actor=actor_of(request, Source.ADMIN), agent_id=key.agent_id, key_id=key.pk
            )
            self.message_user(request, f"Key {key} opens nothing any more.", messages.SUCCESS)
