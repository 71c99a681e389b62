"""People, their roles, and what happened."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest

from agentic.admin_rules import RuledAdmin
from agentic.models import Event, User

ABOVE_ROLES = ("is_superuser", "user_permissions")

admin.site.site_header = admin.site.site_title = "Agentic Agent Platform"
admin.site.unregister(Group)


@admin.register(User)
class PersonAdmin(RuledAdmin, UserAdmin):  # type: ignore[type-arg] # takes none at run time
    """People are made inactive rather than deleted: what they did stays theirs."""

    rule_to_view = rule_to_add = rule_to_change = "users.manage"
    list_display = ("username", "email", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "groups")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever is above the roles is changed only from there; a password would be a way in."""
        above = isinstance(obj, User) and obj.is_superuser and not is_superuser(request)
        return super().has_change_permission(request, obj) and not above

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if is_superuser(request) else ABOVE_ROLES


@admin.register(Group)
class RoleAdmin(RuledAdmin):
    """The roles are fixed, as the rules name them: they are given to people, not edited."""

    rule_to_view = "users.manage"
    fields = ("name",)


@admin.register(Event)
class EventAdmin(RuledAdmin):
    rule_to_view = "events.view"
    list_display = (
        "position",
        "created_at",
        "event_type",
        "entity_id",
        "version",
        "actor_label",
        "source",
    )
    list_filter = ("entity_type",)
    ordering = ("-position",)
    show_full_result_count = False  # the table is large, and counting it reads it


def is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
