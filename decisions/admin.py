"""Tasks and what is decided about them, for operators. Every change goes through the services, as from the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html, format_html_join

from agentic.acting import actor_of
from agentic.actors import Actor, Source
from agentic.admin_rules import RuledAdmin
from agentic.errors import Conflict, DomainError, Invalid
from agentic.forms import StrictJSONField
from agentic.models import Event
from agentic.roles import may
from agentic.vocabulary import EntityType
from decisions.models import Attempt, Decision, Escalation, Feedback, Review, ReviewPolicy, Task
from decisions.services.interventions import change_state, escalate_task
from decisions.services.policies import RULES, activate_policy, check, publish_policy
from decisions.states import State

# One action goes task by task, each in a transaction of its own, while a browser waits.
MOST_AT_ONCE = 500
HEAVY_OF_TASKS = ("task__description", "task__payload", "task__result")


def link(row: models.Model | None) -> str:
    if row is None:
        return "-"
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[row.pk]), row)


def list_address(model: type[models.Model], **filters: Any) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return reverse(name, query=filters)


def id_in(text: str) -> UUID | None:
    try:
        return UUID(text.strip())
    except ValueError:
        return None


class StoryAdmin(RuledAdmin):
    """What happened, to be looked at: nothing is added, edited or deleted here."""

    ordering: ClassVar[tuple[str, ...]] = (
        "-id",
    )  # ids sort by the time they were made, and have an index
    show_full_result_count = False
    list_per_page = 50
    search_help_text = "An id (of the row or its task), or words."
    heavy: ClassVar[tuple[str, ...]] = ()  # large values that no list shows
    hidden: ClassVar[tuple[str, ...]] = ()  # what is of no use to a person, or opens a door

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer(*self.heavy)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [field.name for field in self.opts.fields if field.name not in self.hidden]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return self.get_fields(request, obj)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """An id is looked up by an index; words take the usual way."""
        wanted = id_in(search_term)
        if wanted is None:
            return super().get_search_results(request, queryset, search_term)
        of_task = any(field.name == "task" for field in self.opts.fields)
        return queryset.filter(Q(pk=wanted) | Q(task=wanted) if of_task else Q(pk=wanted)), False

    @admin.display(description="task")
    def task_link(self, row: Any) -> str:
        return link(row.task)

    @admin.display(description="agent")
    def agent_link(self, row: Any) -> str:
        return link(row.agent)

    @admin.display(description="decision")
    def decision_link(self, row: Any) -> str:
        return link(row.decision)


class AttemptInline(admin.TabularInline):  # type: ignore[type-arg] # takes none at run time
    model = Attempt
    fields = readonly_fields = (
        "number",
        "agent",
        "assigned_at",
        "acked_at",
        "started_at",
        "ended_at",
        "outcome",
        "message",
    )
    extra = 0
    can_delete = False
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("agent").defer("checkpoint")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "tasks.view")


@admin.register(Task)
class TaskAdmin(StoryAdmin):
    rule_to_view = "tasks.view"
    heavy = ("description", "payload", "result")
    hidden = ("idempotency_key",)
    inlines = (AttemptInline,)
    list_display = (
        "title",
        "state",
        "priority",
        "task_type",
        "agent_link",
        "retry_count",
        "due_at",
        "created_at",
    )
    list_select_related = ("assigned_agent",)
    list_filter = ("state", "priority", "created_at")
    ordering = ("-created_at", "-id")
    search_fields = ("title", "^task_type")
    actions = ("requeue", "escalate", "cancel")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [*super().get_fields(request, obj), "more"]

    @admin.display(description="agent")
    def agent_link(self, row: Any) -> str:
        return link(row.assigned_agent)

    @admin.display(description="more of this task")
    def more(self, row: Task) -> str:
        """Lists, so that the page stays as quick however long the story is."""
        lists = [
            ("events", list_address(Event, entity_type=EntityType.TASK, entity_id=row.pk)),
            ("decisions", list_address(Decision, task=row.pk)),
            ("reviews", list_address(Review, task=row.pk)),
            ("escalations", list_address(Escalation, task=row.pk)),
            ("feedback", list_address(Feedback, task=row.pk)),
            ("delegated tasks", list_address(Task, parent=row.pk)),
        ]
        return format_html_join(" · ", '<a href="{1}">{0}</a>', lists)

    def has_move_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "tasks.move")

    def has_escalate_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "tasks.escalate")

    @admin.action(description="Put back into the queue", permissions=["move"])
    def requeue(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        self.each(request, chosen, to_state(State.QUEUED))

    @admin.action(description="Hand to a person", permissions=["escalate"])
    def escalate(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        self.each(request, chosen, hand_to_a_person)

    @admin.action(description="Call off", permissions=["move"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Task]) -> None:
        self.each(request, chosen, to_state(State.CANCELLED))

    def each(
        self, request: HttpRequest, chosen: QuerySet[Task], act: Callable[[UUID, Actor], None]
    ) -> None:
        """Each by itself: those that cannot be moved are named, and do not stop the others."""
        tasks = list(chosen.order_by("pk").values_list("pk", "title")[: MOST_AT_ONCE + 1])
        if len(tasks) > MOST_AT_ONCE:
            self.message_user(request, f"At most {MOST_AT_ONCE} at once.", messages.ERROR)
            return
        actor, done = actor_of(request, Source.ADMIN), 0
        for pk, title in tasks:
            try:
                act(pk, actor)
                done += 1
            except DomainError as error:
                self.message_user(request, f"“{title}”: {refusal(error)}", messages.ERROR)
        self.message_user(request, f"{done} of {len(tasks)} moved.", messages.INFO)


def to_state(state: State) -> Callable[[UUID, Actor], None]:
    return lambda pk, actor: change_state(pk, actor=actor, state=state, metadata={})


def hand_to_a_person(pk: UUID, actor: Actor) -> None:
    escalate_task(pk, actor=actor, reason="")


def refusal(error: DomainError) -> str:
    return f"{error} It is {error.members['state']}." if isinstance(error, Conflict) else str(error)


@admin.register(Attempt)
class AttemptAdmin(StoryAdmin):
    rule_to_view = "tasks.view"
    heavy = ("checkpoint", *HEAVY_OF_TASKS)
    hidden = ("lease_token", "request_digest")
    list_display = (
        "number",
        "task_link",
        "agent_link",
        "outcome",
        "assigned_at",
        "ended_at",
        "lease_expires_at",
    )
    list_select_related = ("task", "agent")
    list_filter = ("outcome", "assigned_at")
    search_fields = ("^agent__name",)


@admin.register(Decision)
class DecisionAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("proposal", "evidence", "rationale", *HEAVY_OF_TASKS)
    list_display = (
        "decision_type",
        "status",
        "task_link",
        "agent_link",
        "confidence",
        "route",
        "policy_version",
        "due_at",
        "created_at",
    )
    list_select_related = ("task", "agent")
    list_filter = ("status", "route", "created_at")
    search_fields = ("^decision_type", "^agent__name")


@admin.register(Review)
class ReviewAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("new_proposal", "decision__proposal", "decision__evidence", *HEAVY_OF_TASKS)
    list_display = (
        "verdict",
        "reason_code",
        "reviewer",
        "task_link",
        "decision_link",
        "seconds_spent",
        "created_at",
    )
    list_select_related = ("task", "decision", "reviewer")
    list_filter = ("verdict", "reason_code", "created_at")
    date_hierarchy = "created_at"  # people write these: they never become very many
    search_fields = ("reason", "^reviewer__username")


@admin.register(Escalation)
class EscalationAdmin(StoryAdmin):
    rule_to_view = "escalations.view"
    heavy = HEAVY_OF_TASKS
    list_display = (
        "level",
        "task_link",
        "reason",
        "opened_at",
        "opened_by",
        "resolved_at",
        "resolved_by",
        "resolution",
    )
    list_select_related = ("task", "opened_by", "resolved_by")
    list_filter = (("resolved_at", admin.EmptyFieldListFilter), "opened_at")
    date_hierarchy = "opened_at"
    search_fields = ("reason",)


@admin.register(Feedback)
class FeedbackAdmin(StoryAdmin):
    rule_to_view = "reviews.view"
    heavy = ("content", "decision__proposal", "decision__evidence", *HEAVY_OF_TASKS)
    list_display = (
        "feedback_type",
        "task_link",
        "agent_link",
        "decision_link",
        "source_user",
        "created_at",
    )
    list_select_related = ("task", "agent", "decision", "source_user")
    list_filter = ("feedback_type", "created_at")
    search_fields = ("^agent__name", "^source_user__username")


class PolicyForm(forms.ModelForm):  # type: ignore[type-arg] # takes none at run time
    """Held to the rules of the service."""

    class Meta:
        model = ReviewPolicy
        fields = RULES
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
    """To add one publishes it. The versions stay as they are; an older one can be made active again."""

    rule_to_view, rule_to_add = "policies.view", "policies.manage"
    form = PolicyForm
    list_display = (
        "version",
        "is_active",
        "threshold",
        "sample_share",
        "review_seconds",
        "note",
        "created_by",
        "created_at",
    )
    list_select_related = ("created_by",)
    actions = ("activate",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("version", "is_active", *RULES, "created_by", "created_at") if obj else RULES

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.get_fields(request, obj) if obj else ()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A new version is mostly the active one with a change; its note is written anew."""
        active = ReviewPolicy.objects.filter(is_active=True).values(*RULES).first() or {}
        return {**active, "note": ""}

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except DomainError as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect(list_address(ReviewPolicy))

    def save_model(self, request: HttpRequest, obj: ReviewPolicy, form: Any, change: bool) -> None:
        said = {name: form.cleaned_data[name] for name in RULES}
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
