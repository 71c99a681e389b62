"""The review policy and its drafts: an older version can be made active again; where one person alone may publish, to
add a version publishes it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_lists import either
from agentic.admin_parts import badge
from agentic.admin_rules import RuledAdmin
from agentic.errors import Invalid
from agentic.forms import StrictJSONField
from agentic.roles import may
from decisions.models import PolicyDraft, ReviewPolicy
from decisions.models.policy import DraftState
from decisions.services.policies import (
    RULES,
    THRESHOLDS,
    activate_policy,
    check,
    publish_policy,
)

DIRECT = (*THRESHOLDS, "note")


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg] # takes none at run time
    """Held to the rules of the service."""

    class Meta:
        model = ReviewPolicy
        fields = DIRECT
        field_classes = {"task_types": StrictJSONField, "priorities": StrictJSONField}

    def clean_task_types(self) -> Any:
        return none_as_empty(self.cleaned_data["task_types"])

    def clean_priorities(self) -> Any:
        return none_as_empty(self.cleaned_data["priorities"])

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            check(data)
        except Invalid as error:
            for name, texts in error.members["errors"].items():
                field, _, key = name.partition(".")
                self.add_error(field, [f"{key}: {text}" if key else text for text in texts])
        return data


def none_as_empty(value: Any) -> Any:
    return {} if value is None else value


@admin.register(ReviewPolicy)
class ReviewPolicyAdmin(RuledAdmin):
    """The versions stay as they are; an older one can be made active again. To add one takes a draft and a second
    person (on the page of policies), unless one person alone may publish.
    """

    rule_to_view, rule_to_add = "policies.view", "policies.manage"
    form = PolicyForm
    list_display = (
        "version",
        "active",
        "threshold",
        "budget",
        "budget_value",
        "sample_share",
        "review_seconds",
        "note",
        "created_by",
        "approved_by",
        "created_at",
    )
    list_select_related = ("created_by", "approved_by")
    list_filter = (
        ("is_active", either(("active", "not active"), "whether it is active")),
        "created_at",
    )
    date_hierarchy = "created_at"
    search_fields = ("note", "=version", "^created_by__username")
    search_help_text = "A version, words of its note, or who published it."
    actions = ("activate",)

    @admin.display(description="state", ordering="is_active")
    def active(self, policy: ReviewPolicy) -> str:
        return badge("active", "good") if policy.is_active else badge("not active", "quiet")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if not obj:
            return DIRECT
        return ("version", "is_active", *RULES, "created_by", "approved_by", "created_at")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not settings.POLICY_TWO_PEOPLE and super().has_add_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version is mostly the active one with a change; its note is written anew."""
        active = ReviewPolicy.objects.filter(is_active=True).values(*DIRECT).first() or {}
        return {**active, "note": ""}

    def save_model(self, request: HttpRequest, obj: ReviewPolicy, form: Any, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in DIRECT}
        published = publish_policy(actor=actor_of(request, Source.ADMIN), **said)
        obj.pk, obj.version = published.pk, published.version

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "policies.manage")

    @admin.action(description="Activate this version", permissions=["manage"])
    def activate(self, request: HttpRequest, chosen: QuerySet[ReviewPolicy]) -> None:
        if len(chosen) != 1:
            self.message_user(request, "Choose one version.", messages.ERROR)
            return
        version = chosen[0].version
        activate_policy(actor=actor_of(request, Source.ADMIN), version=version)
        self.message_user(request, f"Version {version} is active.", messages.SUCCESS)


@admin.register(PolicyDraft)
class PolicyDraftAdmin(RuledAdmin):
    """Only to look: drafts are written, tried and published on the page of policies."""

    rule_to_view = "policies.view"
    list_display = ("created_at", "standing", "created_by", "note", "simulated_at", "policy")
    list_select_related = ("created_by", "policy")
    list_filter = ("state", "created_at")
    date_hierarchy = "created_at"
    search_fields = ("note", "^created_by__username")
    search_help_text = "Words of its note, or who wrote it."

    @admin.display(description="state", ordering="state")
    def standing(self, draft: PolicyDraft) -> str:
        return badge(draft.state, "busy" if draft.state == DraftState.OPEN else "quiet")
