"""The admin site by the same rules as the API: a role opens it, not a permission of Django's own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import BadRequest, ValidationError
from django.db import DataError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst

from agentic.admin_parts import list_address
from agentic.errors import DomainError
from agentic.roles import may


class RuledAdmin(admin.ModelAdmin):  # type: ignore[type-arg] # takes none at run time
    """Each right is the name of a rule; one that is not named is refused. Nothing is ever deleted here.

    The page of a row offers the actions of the list, for this row.
    """

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

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        named = {"title": capfirst(self.opts.verbose_name_plural)}
        return super().changelist_view(request, {**named, **(extra_context or {})})

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Only the query shows that no calendar has such a year, and that PostgreSQL takes no such text."""
        try:
            return super().get_changelist_instance(request)
        except (ValueError, OverflowError, DataError) as error:
            raise IncorrectLookupParameters from error

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Ids of rows that no row can have were not sent by our page."""
        if not all(map(self.could_be, request.POST.getlist(ACTION_CHECKBOX_NAME))):
            raise BadRequest("No row has such an id.")
        return super().response_action(request, *args, **kwargs)

    def could_be(self, text: str) -> bool:
        try:
            self.opts.pk.to_python(text)
        except ValidationError:
            return False
        return "\0" not in text

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What a service refuses is a message; all that the form would have written is undone."""
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(list_address(self.model))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        offered = self.get_actions(request) if context.get("original") else {}
        context["row_actions"] = [
            {"name": name, "text": action[2]} for name, action in offered.items() if action
        ]
        context["list_address"] = list_address(self.model)
        return super().render_change_form(request, context, *args, **kwargs)
