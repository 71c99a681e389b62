"""Models and training jobs, for operators. What is live changes through the services, as it does from the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_lists import StoryAdmin
from agentic.admin_parts import Tone, badge, link, list_address
from agentic.errors import DomainError
from agentic.roles import may
from mlregistry.models import Activation, JobStatus, RegisteredModel, TrainingJob
from mlregistry.services.activation import activate_model, roll_back_model

JOB_TONES: dict[str, Tone] = {
    JobStatus.PENDING: "quiet",
    JobStatus.RUNNING: "busy",
    JobStatus.COMPLETED: "good",
    JobStatus.FAILED: "bad",
    JobStatus.CANCELLED: "quiet",
}


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
    heavy = ("metrics",)
    list_display = ("name", "version", "live", "agent_link", "job_link", "size", "created_at")
    list_select_related = ("agent", "training_job")
    list_filter = ("is_active", "created_at")
    date_hierarchy = "created_at"  # people register these: they never become very many
    search_fields = ("name", "=version", "^agent__name")
    search_help_text = "An id, the model's name, a version, or the beginning of the agent's name."
    actions = ("activate", "roll_back")

    @admin.display(description="live", ordering="is_active")
    def live(self, row: RegisteredModel) -> str:
        return badge("live", "good") if row.is_active else badge("not live", "quiet")

    @admin.display(description="training job")
    def job_link(self, row: RegisteredModel) -> str:
        return link(row.training_job)

    def has_activate_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "models.activate")

    @admin.action(description="Activate this version", permissions=["activate"])
    def activate(self, request: HttpRequest, chosen: QuerySet[RegisteredModel]) -> None:
        self.each(request, chosen, activate_model)

    @admin.action(
        description="Roll back to what was live before this version", permissions=["activate"]
    )
    def roll_back(self, request: HttpRequest, chosen: QuerySet[RegisteredModel]) -> None:
        self.each(request, chosen, roll_back_model)

    def each(
        self,
        request: HttpRequest,
        chosen: QuerySet[RegisteredModel],
        act: Callable[..., RegisteredModel],
    ) -> None:
        """Each by itself: one that is refused does not stop the others."""
        for model in chosen:
            try:
                live = act(actor=actor_of(request, Source.ADMIN), model_id=model.pk)
            except DomainError as error:
                self.message_user(request, f"{model}: {error}", messages.ERROR)
            else:
                self.message_user(request, f"{live} is live.", messages.SUCCESS)


@admin.register(Activation)
class ActivationAdmin(StoryAdmin):
    """What was live when."""

    rule_to_view = "models.view"
    list_display = (
        "name",
        "model_link",
        "activated_at",
        "ended_at",
        "requested_by",
        "approved_by",
    )
    list_select_related = ("model", "requested_by", "approved_by")
    list_filter = (("ended_at", admin.EmptyFieldListFilter), "activated_at")
    date_hierarchy = "activated_at"
    search_fields = ("name", "=model__version")
    search_help_text = "An id, the model's name, or a version."

    @admin.display(description="version")
    def model_link(self, row: Activation) -> str:
        return link(row.model)


@admin.register(TrainingJob)
class TrainingJobAdmin(StoryAdmin):
    rule_to_view = "training.view"
    heavy = ("config", "feedback_ids", "log", "error")
    list_display = (
        "model_name",
        "state",
        "progress",
        "agent_link",
        "created_by",
        "created_at",
        "started_at",
        "finished_at",
    )
    list_select_related = ("agent", "created_by")
    list_filter = ("status", "created_at")
    date_hierarchy = "created_at"
    search_fields = ("model_name", "^agent__name")
    search_help_text = "An id, the model's name, or the beginning of the agent's name."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_fields(request, obj), "models"]

    @admin.display(description="state", ordering="status")
    def state(self, row: TrainingJob) -> str:
        return badge(row.status, JOB_TONES[row.status], str(row.get_status_display()))

    @admin.display(description="what it made")
    def models(self, row: TrainingJob) -> str:
        return format_html(
            '<a href="{}">models</a>', list_address(RegisteredModel, training_job=row.pk)
        )
