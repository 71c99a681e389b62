"""Models and training jobs, for operators. What is live changes through the services, as it does from the API."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.html import format_html

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_actions import ask, each, few
from agentic.admin_lists import NamedChoices, StoryAdmin, either, still
from agentic.admin_parts import NOTHING, Tone, badge, link, list_address
from agentic.roles import may
from mlregistry.models import (
    Activation,
    ActivationRequest,
    JobStatus,
    RegisteredModel,
    RequestStatus,
    TrainingJob,
)
from mlregistry.selectors import live_version
from mlregistry.services.activation import retire_model, roll_back_model
from mlregistry.services.activation_requests import (
    approve_activation,
    let_go_live,
    refuse_activation,
)

JOB_TONES: dict[str, Tone] = {
    JobStatus.PENDING: "quiet",
    JobStatus.RUNNING: "busy",
    JobStatus.COMPLETED: "good",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLED: "quiet",
}
REQUEST_TONES: dict[str, Tone] = {
    RequestStatus.OPEN: "busy",
    RequestStatus.APPROVED: "good",
    RequestStatus.REFUSED: "quiet",
}


class LiveForm(forms.Form):
    replaces = forms.UUIDField(required=False, widget=forms.HiddenInput)


class ActivationInline(admin.TabularInline):  # type: ignore[type-arg] # takes none at run time
    model = Activation
    fields = readonly_fields = (
        "activated_at",
        "ended_at",
        "requested_by",
        "approved_by",
        "restores",
    )
    extra = 0
    can_delete = False
    ordering = ("-number",)
    verbose_name_plural = "when it was live"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        people = ("requested_by", "approved_by")
        return super().get_queryset(request).select_related("model", "restores__model", *people)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "models.view")


@admin.register(RegisteredModel)
class RegisteredModelAdmin(StoryAdmin):
    rule_to_view = "models.view"
    inlines = (ActivationInline,)
    heavy = ("metrics", "parameters", "signature", "card")
    list_display = ("name", "version", "live", "agent_link", "job_link", "how_large", "created_at")
    list_select_related = ("agent", "training_job")
    list_filter = (("is_active", either(("live", "not live"), "whether it is live")), "created_at")
    date_hierarchy = "created_at"  # people register these: they never become very many
    search_fields = ("name", "=version", "^agent__name")
    search_help_text = "An id, the model's name, a version, or the beginning of the agent's name."
    actions = ("activate", "roll_back", "retire")

    @admin.display(description="live", ordering="is_active")
    def live(self, row: RegisteredModel) -> str:
        return badge("live", "good") if row.is_active else badge("not live", "quiet")

    @admin.display(description="size")
    def how_large(self, row: RegisteredModel) -> str:
        return NOTHING if row.size is None else filesizeformat(row.size)

    @admin.display(description="training job")
    def job_link(self, row: RegisteredModel) -> str:
        return link(row.training_job)

    def has_activate_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "models.activate")

    @admin.action(description="Activate this version…", permissions=["activate"])
    def activate(
        self, request: HttpRequest, chosen: QuerySet[RegisteredModel]
    ) -> HttpResponse | None:
        """What was live when the page was made is sent with the answer: who comes second looks again."""
        if len(chosen) != 1:
            self.message_user(request, "Choose one version.", messages.ERROR)
            return None
        live = live_version(chosen[0].name)
        text = f"{live} is live now, and retires." if live else "No version of it is live now."
        given = {"initial": {"replaces": live and live.pk}}
        act = partial(activated, request)
        return ask(self, request, chosen, LiveForm, act, title="Activate", warning=text, **given)

    @admin.action(
        description="Roll back to what was live before this version", permissions=["activate"]
    )
    def roll_back(self, request: HttpRequest, chosen: QuerySet[RegisteredModel]) -> None:
        each(self, request, few(self, request, chosen), partial(rolled_back, request))

    @admin.action(description="Take this version out of service", permissions=["activate"])
    def retire(self, request: HttpRequest, chosen: QuerySet[RegisteredModel]) -> None:
        each(self, request, few(self, request, chosen), partial(retired, request))


def activated(request: HttpRequest, model: RegisteredModel, replaces: UUID | None) -> str:
    """Where it takes two people, the second one is asked."""
    actor = actor_of(request, Source.ADMIN)
    waits = let_go_live(actor=actor, model_id=model.pk, replaces=replaces)
    return f"{model} waits for a second person." if waits else f"{model} is live."


def rolled_back(request: HttpRequest, model: RegisteredModel) -> str:
    return f"{roll_back_model(actor=actor_of(request, Source.ADMIN), model_id=model.pk)} is live."


def retired(request: HttpRequest, model: RegisteredModel) -> str:
    row = retire_model(actor=actor_of(request, Source.ADMIN), model_id=model.pk)
    return f"{row} is out of service."


@admin.register(Activation)
class ActivationAdmin(StoryAdmin):
    """What was live when."""

    rule_to_view = "models.view"
    list_display = (
        "version",
        "activated_at",
        "ended_at",
        "requested_by",
        "approved_by",
    )
    list_select_related = ("model", "requested_by", "approved_by")
    list_filter = (("ended_at", still(("live", "over"))), "activated_at")
    date_hierarchy = "activated_at"
    search_fields = ("name", "=model__version")
    search_help_text = "An id, the model's name, or a version."

    @admin.display(description="version")
    def version(self, row: Activation) -> str:
        return str(row.model)


@admin.register(ActivationRequest)
class ActivationRequestAdmin(StoryAdmin):
    """Who wants a version to go live that decisions will rest on, and what a second person says of it."""

    rule_to_view = "models.view"
    heavy = ("gate",)
    list_display = ("version", "state", "requested_by", "requested_at", "decided_by", "decided_at")
    list_select_related = ("model", "requested_by", "decided_by")
    list_filter = (("status", NamedChoices), "requested_at")
    date_hierarchy = "requested_at"
    search_fields = ("name", "=model__version")
    search_help_text = "An id, the model's name, or a version."
    actions = ("approve", "refuse")

    @admin.display(description="version")
    def version(self, row: ActivationRequest) -> str:
        return str(row.model)

    @admin.display(description="state", ordering="status")
    def state(self, row: ActivationRequest) -> str:
        return badge(row.status, REQUEST_TONES[row.status], row.status)

    def has_activate_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "models.activate")

    @admin.action(description="Approve: the version goes live", permissions=["activate"])
    def approve(self, request: HttpRequest, chosen: QuerySet[ActivationRequest]) -> None:
        each(self, request, few(self, request, chosen), partial(approved, request))

    @admin.action(description="Refuse, or withdraw", permissions=["activate"])
    def refuse(self, request: HttpRequest, chosen: QuerySet[ActivationRequest]) -> None:
        each(self, request, few(self, request, chosen), partial(request_refused, request))


def approved(request: HttpRequest, row: ActivationRequest) -> str:
    return (
        f"{approve_activation(actor=actor_of(request, Source.ADMIN), request_id=row.pk)} is live."
    )


def request_refused(request: HttpRequest, row: ActivationRequest) -> str:
    done = refuse_activation(actor=actor_of(request, Source.ADMIN), request_id=row.pk)
    return f"{done.model} does not go live."


@admin.register(TrainingJob)
class TrainingJobAdmin(StoryAdmin):
    rule_to_view = "training.view"
    heavy = ("config", "feedback_ids", "metrics", "log", "error")
    hidden = ("lease_token",)
    list_display = (
        "model_name",
        "state",
        "share_done",
        "agent_link",
        "created_by",
        "created_at",
        "started_at",
        "finished_at",
    )
    list_select_related = ("agent", "created_by")
    list_filter = (("status", NamedChoices), "created_at")
    date_hierarchy = "created_at"
    search_fields = ("model_name", "^agent__name")
    search_help_text = "An id, the model's name, or the beginning of the agent's name."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_fields(request, obj), "models"]

    @admin.display(description="state", ordering="status")
    def state(self, row: TrainingJob) -> str:
        return badge(row.status, JOB_TONES[row.status], str(row.get_status_display()))

    @admin.display(description="progress")
    def share_done(self, row: TrainingJob) -> str:
        return f"{row.progress:.0%}"

    @admin.display(description="what it made")
    def models(self, row: TrainingJob) -> str:
        return format_html(
            '<a href="{}">models</a>', list_address(RegisteredModel, training_job=row.pk)
        )
