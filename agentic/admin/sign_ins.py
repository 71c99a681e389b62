"""Who is signed in, and how people are known at a provider."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.text import Truncator

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_actions import ReasonForm, ask
from agentic.admin_lists import NamedChoices, StoryAdmin, still
from agentic.admin_parts import NOTHING, badge, link
from agentic.models import OidcIdentity, SignIn
from agentic.roles import may
from agentic.sign_ins import end_sign_in


class PersonalAdmin(StoryAdmin):
    rule_to_view = "users.manage"
    list_select_related = ("user",)

    @admin.display(description="person")
    def person(self, row: Any) -> str:
        return link(row.user)


@admin.register(SignIn)
class SignInAdmin(PersonalAdmin):
    """Tokens and sessions belong to a sign-in, and end with it."""

    list_display = (
        "state",
        "person",
        "method_shown",
        "ip",
        "browser",
        "created_at",
        "expires_at",
        "ended_because",
    )
    list_filter = (("ended_at", still(("open", "ended"))), ("method", NamedChoices), "created_at")
    search_fields = ("^user__username", "^ip")
    search_help_text = "The beginning of a name or an address, or an id."
    actions = ("end",)

    @admin.display(description="state")
    def state(self, row: SignIn) -> str:
        if row.ended_at:
            return badge("ended", "quiet")
        expired = row.expires_at <= timezone.now()
        return badge("expired", "quiet") if expired else badge("open", "good")

    @admin.display(description="method")
    def method_shown(self, row: SignIn) -> str:
        return format_html('<span title="{}">{}</span>', row.get_method_display(), row.method)

    @admin.display(description="program")
    def browser(self, row: SignIn) -> str:
        """Its beginning; the whole of it when the pointer rests there."""
        said = row.user_agent or NOTHING
        return format_html('<span title="{}">{}</span>', said, Truncator(said).chars(40))

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "users.manage")

    @admin.action(description="End this sign-in…", permissions=["manage"])
    def end(self, request: HttpRequest, chosen: QuerySet[SignIn]) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(row: SignIn, reason: str) -> str:
            ended = end_sign_in(row, reason, actor=actor)
            return f"{row}: {'ended.' if ended else 'had ended before.'}"

        text = (
            "All its tokens, and the session of its browser, are refused from the next request on."
        )
        return ask(self, request, chosen, ReasonForm, act, title="End sign-ins", warning=text)


@admin.register(OidcIdentity)
class OidcIdentityAdmin(PersonalAdmin):
    """To be looked at: a person is linked by signing in, and an account that must not be used is deactivated."""

    list_display = ("subject", "person", "issuer", "email", "linked_at", "last_sign_in_at")
    list_filter = ("issuer", "last_sign_in_at")
    date_hierarchy = "linked_at"
    search_fields = ("^user__username", "subject", "email")
    search_help_text = "A name, a subject or an e-mail address."
