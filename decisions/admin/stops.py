"""The kill switch, for operators: what is stopped, by whom and why."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_actions import ReasonForm, ask, form_page, refusal
from agentic.admin_lists import NamedChoices, StoryAdmin, still
from agentic.admin_parts import badge, list_address
from agentic.errors import DomainError, Invalid
from agentic.roles import may
from agents.models import Agent
from decisions.models import Stop, StopScope
from decisions.services.stops import lift_stop, set_stop

WARNING = (
    "At once: nothing in this scope is given to any agent, and whatever agents still say of what they hold in it is "
    "refused. It goes back to the queue, and waits until somebody lifts the stop."
)


class StopForm(ReasonForm):
    scope = forms.ChoiceField(choices=StopScope.choices, widget=forms.RadioSelect)
    agent = forms.ModelChoiceField(
        queryset=Agent.objects.all(), required=False, help_text="Only with “One agent”."
    )
    task_type = forms.CharField(
        max_length=100, required=False, help_text="Only with “All tasks of one type”."
    )
    field_order = ("scope", "agent", "task_type", "reason")


@admin.register(Stop)
class StopAdmin(StoryAdmin):
    rule_to_view, rule_to_add = "stops.view", "stops.manage"
    ordering = ("-created_at", "-id")
    list_display = (
        "target",
        "state",
        "reason",
        "created_by",
        "created_at",
        "lifted_by",
        "lifted_at",
    )
    list_select_related = ("agent", "created_by", "lifted_by")
    list_filter = (
        ("lifted_at", still(("on", "lifted"))),
        ("scope", NamedChoices),
        "created_at",
    )
    date_hierarchy = "created_at"
    search_fields = ("reason", "^task_type", "^agent__name")
    search_help_text = "Words of the reason, or the beginning of a type or an agent's name."
    actions = ("lift",)
    add_label = "Stop an agent, a type of task, or everything…"

    @admin.display(description="what is stopped")
    def target(self, stop: Stop) -> str:
        if stop.agent:
            return f"agent {stop.agent}"
        return f"tasks of type {stop.task_type}" if stop.task_type else "everything"

    @admin.display(description="state")
    def state(self, stop: Stop) -> str:
        return badge("lifted", "quiet") if stop.lifted_at else badge("on", "bad")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return ["target", "state", *super().get_fields(request, obj)]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Not within one transaction, as other forms: so that it can wait for whoever holds a task at this moment."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = StopForm(
            request.POST if request.method == "POST" else None, initial=request.GET.dict()
        )
        if form.is_valid() and self.thrown(request, form):
            return redirect(list_address(Stop))
        return form_page(self, request, title="Stop work", form=form, warning=WARNING)

    def thrown(self, request: HttpRequest, form: StopForm) -> bool:
        said = form.cleaned_data
        agent_id = said["agent"].pk if said["agent"] else None
        scope, task_type = StopScope(said["scope"]), said["task_type"]
        about = {"scope": scope, "agent_id": agent_id, "task_type": task_type}
        try:
            told = stop_and_tell(request, reason=said["reason"], **about)
        except Invalid as error:
            for name, texts in error.members["errors"].items():
                form.add_error(name.removesuffix("_id"), texts)
            return False
        except DomainError as error:
            self.message_user(request, refusal(error), messages.ERROR)
            return False
        self.message_user(request, told, messages.SUCCESS)
        return True

    def has_manage_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "stops.manage")

    @admin.action(description="Lift: let work go on…", permissions=["manage"])
    def lift(self, request: HttpRequest, chosen: QuerySet[Stop]) -> HttpResponse | None:
        actor = actor_of(request, Source.ADMIN)

        def act(stop: Stop, reason: str) -> str:
            lift_stop(actor=actor, stop_id=stop.pk, reason=reason)
            return f"Lifted: {stop}."

        text = (
            "What was taken back can be claimed again, and a stopped agent is put back as it was."
        )
        return ask(self, request, chosen, ReasonForm, act, title="Lift", warning=text)


def stop_and_tell(request: HttpRequest, **said: Any) -> str:
    thrown = set_stop(actor=actor_of(request, Source.ADMIN), **said)
    number = thrown.taken_back
    held = (
        f"{number} task{'s' if number != 1 else ''} went back to the queue"
        if number
        else "No agent held anything in it"
    )
    return f"Stopped: {thrown.stop}. {held}."
