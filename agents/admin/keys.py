"""Keys of agents: only what may be shown of them; the digest stays in the database."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_actions import each, few
from agentic.admin_lists import still
from agentic.admin_parts import badge, link
from agentic.admin_rules import RuledAdmin
from agentic.roles import may
from agents import services
from agents.models import AgentKey

SHOWN_ONCE = "{} <code>{}</code> Copy it now, it is not shown again{}"


class KeyInline(admin.TabularInline):  # type: ignore[type-arg] # takes none at run time
    model = AgentKey
    fields = readonly_fields = (
        "prefix", "state", "scopes", "expires_at", "last_used_at", "revoked_at", "created_at",
    )  # fmt: skip
    extra = 0
    can_delete = False
    show_change_link = True
    verbose_name_plural = "keys (issue one above; replace or revoke one on its own page)"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "agents.manage_keys")

    @admin.display(description="state")
    def state(self, key: AgentKey) -> str:
        return state_of(key)


def state_of(key: AgentKey) -> str:
    if key.revoked_at:
        return badge("revoked", "bad")
    if key.expires_at is None:
        return badge("good", "good")
    now = timezone.now()
    return badge("expired", "quiet") if key.expires_at <= now else badge("runs out", "warn")


@admin.register(AgentKey)
class AgentKeyAdmin(RuledAdmin):
    rule_to_view = "agents.manage_keys"
    fields = (
        "agent", "prefix", "state", "scopes", "expires_at", "last_used_at", "revoked_at", "created_at",
    )  # fmt: skip
    list_display = (
        "prefix", "agent_link", "state", "scopes", "expires_at", "last_used_at", "revoked_at", "created_at",
    )  # fmt: skip
    list_select_related = ("agent",)
    list_filter = (("revoked_at", still(("not revoked", "revoked"))), "expires_at", "last_used_at")
    date_hierarchy = "created_at"
    search_fields = ("agent__name", "prefix")
    search_help_text = "An agent's name, or the part of a key that is shown."
    actions = ("rotate", "revoke")

    @admin.display(description="agent", ordering="agent__name")
    def agent_link(self, key: AgentKey) -> str:
        return link(key.agent)

    @admin.display(description="state")
    def state(self, key: AgentKey) -> str:
        return state_of(key)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.fields

    def has_manage_keys_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "agents.manage_keys")

    @admin.action(description="Replace by a new key (shown once)", permissions=["manage_keys"])
    def rotate(self, request: HttpRequest, chosen: QuerySet[AgentKey]) -> None:
        actor = actor_of(request, Source.ADMIN)

        def act(key: AgentKey) -> str:
            issued = services.rotate_key(actor=actor, agent_id=key.agent_id, key_id=key.pk)
            later = "; the old one works for an hour."
            text = format_html(SHOWN_ONCE, f"In place of {key}:", issued.secret, later)
            self.message_user(request, text, messages.WARNING)
            return ""

        each(self, request, few(self, request, chosen), act)

    @admin.action(description="Revoke at once", permissions=["manage_keys"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[AgentKey]) -> None:
        actor = actor_of(request, Source.ADMIN)

        def act(key: AgentKey) -> str:
            services.revoke_key(actor=actor, agent_id=key.agent_id, key_id=key.pk)
            return f"Key {key} opens nothing any more."

        each(self, request, few(self, request, chosen), act)
