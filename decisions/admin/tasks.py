"""Tasks, and what an operator does with them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html, format_html_join

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_actions import ReasonForm, ask
from agentic.admin_lists import NamedChoices, StoryAdmin
from agentic.admin_parts import link, list_address, pretty
from agentic.models import Event
from agentic.roles import may
from agentic.vocabulary import EntityType
from decisions.admin.attempts import AttemptInline
from decisions.admin.moving import MoveForm, OverrideForm, move_page
from decisions.admin.overdue import OverdueFilter, when_due
from decisions.badges import priority_badge, state_badge
from decisions.models import Comment, Decision, Escalation, Feedback, Review, Task
from decisions.services.interventions import change_state, escalate_task, override_task
from decisions.services.reassigning import reassign_task
from decisions.states import State

FENCED = "An agent that holds one of them is fenced off: whatever it still does on it is void."


@admin.register(Task)
class TaskAdmin(StoryAdmin):
    rule_to_view = "tasks.view"
    heavy = ("description", "payload", "result")
    inlines = (AttemptInline,)
    list_display: tuple[str, ...] = (
        "title", "state_shown", "priority_shown", "task_type", "agent_link", "retries", "due", "created_at",
        "move_link",
    )  # fmt: skip
    list_select_related = ("assigned_agent",)
    list_filter = (OverdueFilter, ("state", NamedChoices), "priority", "created_at")
    ordering = ("-created_at", "-id")
    sortable_by = ("created_at",)
    search_fields = ("title", "^task_type")
    search_help_text = "The id of a task, or words of its title or type in the newest 50,000."
    actions = ("requeue", "reassign", "escalate", "override", "cancel")
    fieldsets = (
        (None, {"fields": ("title", "state_shown", "priority_shown", "task_type", "agent_link", "due", "more")}),
        ("What is asked", {"fields": ("description", pretty("payload"), pretty("result"))}),
        (
            "Who may do it",
            {"fields": (pretty("required_capabilities"), "target_agent", pretty("excluded_agents"))},
        ),
        (
            "Patience",
            {
                "fields": (
                    "retries", "attempt_count", "ack_timeout", "lease_seconds", "backoff_initial",
                    "backoff_coefficient", "backoff_maximum", pretty("non_retryable_errors"),
                )
            },
        ),
        (
            "Where it comes from",
            {
                "fields": (
                    "id", "created_by", "created_at", "updated_at", "version", "parent", "depth", "waits_for",
                    "traceparent",
                )
            },
        ),
    )  # fmt: skip

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [name for _, options in self.fieldsets for name in options["fields"]]

    def get_urls(self) -> list[URLPattern]:
        guarded = self.admin_site.admin_view(self.move)
        mine = [path("<uuid:task_id>/move/", guarded, name="decisions_task_move")]
        return [*mine, *super().get_urls()]

    @admin.display(description="state")
    def state_shown(self, task: Task) -> str:
        return state_badge(task.state)

    @admin.display(description="priority")
    def priority_shown(self, task: Task) -> str:
        return priority_badge(task.priority)

    @admin.display(description="agent")
    def agent_link(self, task: Any) -> str:
        return link(task.assigned_agent)

    @admin.display(description="retries")
    def retries(self, task: Task) -> str:
        return f"{task.retry_count} of {task.max_retries}"

    @admin.display(description="next look")
    def due(self, task: Task) -> str:
        return when_due(task.due_at, timezone.now())

    @admin.display(description="more of this task")
    def more(self, task: Task) -> str:
        """Lists, so that the page stays as quick however long the story is."""
        lists = [
            ("events", list_address(Event, entity_type=EntityType.TASK, entity_id=task.pk)),
            ("decisions", list_address(Decision, task=task.pk)),
            ("reviews", list_address(Review, task=task.pk)),
            ("escalations", list_address(Escalation, task=task.pk)),
            ("feedback", list_address(Feedback, task=task.pk)),
            ("comments", list_address(Comment, task=task.pk)),
            ("delegated tasks", list_address(Task, parent=task.pk)),
            ("tasks of this type", list_address(Task, task_type=task.task_type)),
        ]
        return format_html_join(" · ", '<a href="{1}">{0}</a>', lists)

    @admin.display(description="")
    def move_link(self, task: Task) -> str:
        return format_html('<a class="button-link" href="{}/move/">Move…</a>', task.pk)

    def has_move_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "tasks.move")

    def has_escalate_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "tasks.escalate")

    def has_override_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "tasks.override")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return self.list_display if self.has_move_permission(request) else self.list_display[:-1]

    def move(self, request: HttpRequest, task_id: Any) -> HttpResponse:
        return move_page(self, request, task_id)

    @admin.action(description="Put back into the queue…", permissions=["move"])
    def requeue(self, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
        return self.set_state(request, chosen, State.QUEUED, "Put back into the queue")

    @admin.action(description="Call off…", permissions=["move"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
        return self.set_state(request, chosen, State.CANCELLED, "Call off")

    def set_state(
        self, request: HttpRequest, chosen: QuerySet[Task], state: State, title: str
    ) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(task: Task, reason: str) -> str:
            change_state(task.pk, actor=actor, state=state, metadata={"reason": reason})
            return f"“{task}” is {state.value} now."

        return ask(self, request, chosen, ReasonForm, act, title=title, warning=FENCED)

    @admin.action(description="Move to another agent…", permissions=["move"])
    def reassign(self, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(task: Task, agent: Any, reason: str) -> str:
            reassign_task(task.pk, actor=actor, agent_id=agent.pk, reason=reason)
            return f"“{task}” is with {agent} now."

        title = "Move to another agent"
        return ask(self, request, chosen, MoveForm, act, title=title, warning=FENCED)

    @admin.action(description="Hand to a person…", permissions=["escalate"])
    def escalate(self, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(task: Task, reason: str) -> str:
            escalate_task(task.pk, actor=actor, reason=reason)
            return f"“{task}” waits for a person now."

        title = "Hand to a person"
        return ask(self, request, chosen, ReasonForm, act, title=title, warning=FENCED)

    @admin.action(description="Decide in the agent's place…", permissions=["override"])
    def override(self, request: HttpRequest, chosen: QuerySet[Task]) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(task: Task, new_decision: Any, reason: str) -> str:
            override_task(task.pk, actor=actor, reason=reason, new_decision=new_decision)
            return f"“{task}” is verified, with your decision."

        title = "Decide in the agent's place"
        return ask(self, request, chosen, OverrideForm, act, title=title, warning=FENCED)
