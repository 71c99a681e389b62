"""Roles, which are Django's groups: to be looked at. `agentic/locale` has their name."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.models import Group
from django.utils.html import format_html

from agentic.admin_parts import NOTHING, list_address
from agentic.admin_rules import RuledAdmin
from agentic.models import User
from agentic.roles import Role

admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(RuledAdmin):
    """The roles are fixed, as the rules name them: they are given to people, not edited."""

    rule_to_view = "users.manage"
    fields = readonly_fields = ("name", "about", "people")
    list_display = ("name", "about", "people")
    search_fields = ("name",)

    @admin.display(description="what it is for")
    def about(self, group: Group) -> str:
        return Role(group.name).label if group.name in Role.values else NOTHING

    @admin.display(description="people")
    def people(self, group: Group) -> str:
        return format_html(
            '<a href="{}">who has it</a>', list_address(User, groups__id__exact=group.pk)
        )
