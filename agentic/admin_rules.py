"""The admin site by the same rules as the API: a role opens it, not a permission of Django's own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from agentic.roles import may


class RuledAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # takes none at run time
    """Each right is the name of a rule; one that is not named is refused. Nothing is ever deleted here."""

    rule_to_view: ClassVar[str] = ""
    rule_to_add: ClassVar[str] = ""
    rule_to_change: ClassVar[str] = ""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request.user, self.rule_to_view)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.rule_to_view)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.rule_to_add)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, self.rule_to_change)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
