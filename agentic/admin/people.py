"""People and their roles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.html import format_html_join

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin.person_forms import PersonForm, RolesForm, SureForm
from agentic.admin_actions import ask
from agentic.admin_lists import either
from agentic.admin_parts import NOTHING, badge, list_address
from agentic.admin_rules import RuledAdmin
from agentic.appointing import assign_roles, roles_in, set_active
from agentic.audits import locked_head
from agentic.errors import Invalid
from agentic.models import Audit, FailedSignIns, SignIn, User
from agentic.people import changing, tell_created
from agentic.roles import Role, may

ABOVE_ROLES = ("is_superuser",)


@admin.register(User)
class PersonAdmin(RuledAdmin, UserAdmin):  # type: ignore[type-arg] # takes none at run time
    """People are made inactive rather than deleted: what they did stays theirs."""

    rule_to_view = rule_to_add = rule_to_change = "users.manage"
    form = PersonForm
    list_display = ("username", "name", "email", "roles", "active", "last_login", "date_joined")
    filter_horizontal = ()
    list_filter = (
        ("is_active", either(("active", "deactivated"), "state")),
        "groups",
        ("is_staff", either(("staff", "not staff"), "whether they may open this site")),
        "last_login",
    )
    date_hierarchy = "date_joined"
    search_fields = ("username", "first_name", "last_name", "email")
    search_help_text = "A name or an e-mail address."
    actions = ("assign_roles", "deactivate", "reactivate")
    fieldsets = (
        (None, {"fields": ("username", "password", "more")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        (
            "What they may do",
            {
                "fields": ("is_active", "groups", "is_staff", "is_superuser"),
                "description": "Staff may open this site, and see of it what their roles allow. Better than this "
                "form is the action “Assign roles”: it sees to both.",
            },
        ),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        people: QuerySet[User] = super().get_queryset(request).prefetch_related("groups")
        return people

    @admin.display(description="roles")
    def roles(self, user: User) -> str:
        names = [group.name for group in user.groups.all()]
        if user.is_superuser:
            names.append("superuser")
        tones = {Role.ADMIN.value: "warn", "superuser": "bad"}
        badges = ((badge(name, tones.get(name, "busy")),) for name in names)  # type: ignore[arg-type]
        return format_html_join(" ", "{}", badges) if names else badge("no role", "quiet")

    @admin.display(description="state", ordering="is_active")
    def active(self, user: User) -> str:
        return badge("active", "good") if user.is_active else badge("deactivated", "quiet")

    @admin.display(description="more of this person")
    def more(self, user: User) -> str:
        if user._state.adding:
            return NOTHING
        lists = [
            ("sign-ins", list_address(SignIn, user=user.pk)),
            ("failed sign-ins", list_address(FailedSignIns, q=user.username)),
            ("what they did", list_address(Audit, user_id=user.pk)),
            (
                "what was done to the account",
                list_address(Audit, entity_type="user", entity_id=user.pk),
            ),
        ]
        return format_html_join(" · ", '<a href="{1}">{0}</a>', lists)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kw: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **kw)
        asking = {"asking": actor_of(request, Source.ADMIN)}
        return type(form.__name__, (form,), asking) if obj else form

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """A box for each role: there are four."""
        widget = {"widget": forms.CheckboxSelectMultiple} if db_field.name == "groups" else {}
        return super().formfield_for_manytomany(db_field, request, **kwargs, **widget)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever is above the roles is changed only from there; a password would be a way in."""
        above = isinstance(obj, User) and obj.is_superuser and not is_superuser(request)
        return super().has_change_permission(request, obj) and not above

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "users.manage")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        never = ("more", "last_login", "date_joined")
        return never if is_superuser(request) else (*never, *ABOVE_ROLES)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        with audited(request, object_id):
            return super().changeform_view(request, object_id, *args, **kwargs)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:  # noqa: A002 - Django's
        with audited(request, id):
            return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Under a new name the row is locked for those, too, who hold the head and only refer to it: the head first."""
        if change and "username" in form.changed_data:
            locked_head()
        super().save_model(request, obj, form, change)

    def log_addition(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """The last thing in the transaction of a new account."""
        entry = super().log_addition(request, obj, message)
        tell_created(obj, actor=actor_of(request, Source.ADMIN))
        return entry

    @admin.action(description="Assign roles…", permissions=["manage"])
    def assign_roles(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(user: User, roles: list[str]) -> str:
            refuse_above(request, user)
            assign_roles(actor=actor, user_id=user.pk, roles=roles)
            return f"{user} has {', '.join(roles).replace('_', ' ') or 'no role'} now."

        first = chosen.first()
        given: dict[str, Any] = {"initial": {"roles": sorted(roles_in(first))}} if first else {}
        return ask(self, request, chosen, RolesForm, act, title="Assign roles", **given)

    @admin.action(description="Deactivate, and end all sign-ins…", permissions=["manage"])
    def deactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        text = "They are signed out everywhere at once, and cannot sign in. What they did stays theirs."
        act = partial(switch, request, False)
        return ask(self, request, chosen, SureForm, act, title="Deactivate accounts", warning=text)

    @admin.action(description="Let them sign in again", permissions=["manage"])
    def reactivate(self, request: HttpRequest, chosen: QuerySet[User]) -> HttpResponse | None:
        act = partial(switch, request, True)
        return ask(self, request, chosen, SureForm, act, title="Let them sign in again")


def switch(request: HttpRequest, is_active: bool, user: User) -> str:
    refuse_above(request, user)
    set_active(actor=actor_of(request, Source.ADMIN), user_id=user.pk, is_active=is_active)
    return f"{user} can sign in." if is_active else f"{user} cannot sign in any more."


def refuse_above(request: HttpRequest, user: User) -> None:
    if user.is_superuser and not is_superuser(request):
        raise Invalid(user="This account is above the roles: only a superuser changes it.")


@contextmanager
def audited(request: HttpRequest, user_id: str | None) -> Iterator[None]:
    """What is done to an account in the block is audited, if anything is done. A new one is told of by itself."""
    changes = request.method == "POST" and user_id is not None
    with (
        changing(account_at(user_id), actor=actor_of(request, Source.ADMIN))
        if changes
        else nullcontext()
    ):
        yield


def account_at(text: str | None) -> UUID:
    """The account's id, as the admin site reads its address. Http404 when there is none: nothing goes past the log."""
    try:
        wanted = UUID(unquote(text or ""))
    except ValueError as error:
        raise Http404 from error
    if not User.objects.filter(pk=wanted).exists():
        raise Http404
    return wanted


def own_password(request: HttpRequest) -> HttpResponse:
    """The admin site's page for one's own password, with an audit."""
    with audited(request, str(request.user.pk)):
        return admin.site.password_change(request)


def is_superuser(request: HttpRequest) -> bool:
    return bool(getattr(request.user, "is_superuser", False))
