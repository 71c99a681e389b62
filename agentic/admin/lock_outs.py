"""Failed sign-ins, and whom they have locked out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_actions import ReasonForm, ask
from agentic.admin_lists import StoryAdmin
from agentic.admin_parts import badge, link
from agentic.clock import Now
from agentic.lock_outs import account_key
from agentic.models import FailedSignIns, User
from agentic.models.failures import ADDRESS
from agentic.passwords import label_of
from agentic.roles import may
from agentic.unlocking import locked_now, unlock

MOST_NAMES = 100


class LockedFilter(admin.SimpleListFilter):
    title = "lock"
    parameter_name = "locked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Locked now")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        return queryset.filter(locked_now()) if self.value() == "yes" else None


@admin.register(FailedSignIns)
class FailedSignInsAdmin(StoryAdmin):
    """Accounts and addresses are counted apart, as they lock apart."""

    rule_to_view = "users.manage"
    ordering = ("-expires_at",)
    list_display = ("whose", "state", "failures", "expires_at")
    list_filter = (LockedFilter,)
    search_fields = ("who",)
    search_help_text = "The beginning of an account's name or of an address; of a name that no account has, all of it."
    actions = ("unlock",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        marks = {"locked": locked_now(), "counts": Q(expires_at__gt=Now())}
        rows: QuerySet[Any] = super().get_queryset(request).annotate(**marks)
        return rows

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["whose", "account", "state", "failures", "checking", "expires_at"]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The accounts of a page are read at once."""
        page = super().get_changelist_instance(request)
        page.result_list = with_persons(page.result_list)
        return page

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Of a name that no account has only a digest is kept."""
        people = User.objects.filter(username__istartswith=search_term)[:MOST_NAMES]
        keys = [account_key(user.username, user) for user in people]
        keys.append(account_key(label_of(search_term, None), None))
        found = Q(who__in=keys) | Q(who__startswith=ADDRESS + search_term)
        return (queryset.filter(found) if search_term else queryset), False

    @admin.display(description="whose")
    def whose(self, row: FailedSignIns) -> str:
        """A name that no account has is called as the audit log calls it."""
        return str(row)

    @admin.display(description="account")
    def account(self, row: FailedSignIns) -> str:
        return link(row.person)

    @admin.display(description="state")
    def state(self, row: Any) -> str:
        if row.locked:
            return badge("locked", "bad")
        counts = row.counts and row.failures
        return badge("counts", "warn") if counts else badge("forgotten", "quiet")

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "users.manage")

    @admin.action(description="Unlock…", permissions=["manage"])
    def unlock(self, request: HttpRequest, chosen: QuerySet[FailedSignIns]) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(row: FailedSignIns, reason: str) -> str:
            unlock(actor=actor, who=row.who, reason=reason)
            return f"{row} may try again."

        text = "What failed is forgotten at once: the right password opens again, and a guesser may go on, too."
        return ask(self, request, chosen, ReasonForm, act, title="Unlock", warning=text)


def with_persons(rows: Iterable[FailedSignIns]) -> list[FailedSignIns]:
    found = list(rows)
    people = User.objects.in_bulk([row.account_id for row in found if row.account_id])
    for row in found:
        row.person = people.get(row.account_id) if row.account_id else None
    return found
