"""To whom a task is moved: the page with the agents that could take it, and the forms of what else is done to one."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from agentic.acting import actor_of
from agentic.actors import Source
from agentic.admin_actions import ReasonForm, refusal
from agentic.errors import DomainError, Invalid
from agentic.forms import StrictJSONField
from agentic.parsing import decode
from agents.models import Agent, AgentStatus
from decisions.badges import state_badge
from decisions.models import Task
from decisions.services.reassigning import reassign_task, who_could_take
from decisions.shapes import Override
from decisions.states import HELD

MOST_SHOWN = 50
BY_HAND = "moved by an operator"


class MoveForm(ReasonForm):
    agent = forms.ModelChoiceField(
        queryset=Agent.objects.filter(status=AgentStatus.AVAILABLE),
        help_text="One that takes work at this moment. It gets those that fit it, as long as it has room.",
    )
    field_order = ("agent", "reason")


class OverrideForm(ReasonForm):
    new_decision = StrictJSONField(
        initial=dict,
        widget=forms.Textarea(attrs={"rows": 5, "cols": 60}),
        help_text='The result that stands from now on: a JSON object, as {"label": 7}.',
    )
    field_order = ("new_decision", "reason")

    def clean_new_decision(self) -> dict[str, Any]:
        """Held to the same rules as the API's body."""
        said = {"reason": "-", "new_decision": self.cleaned_data["new_decision"]}
        try:
            return decode(json.dumps(said).encode(), Override).new_decision
        except Invalid as error:
            texts = [text for texts in error.members["errors"].values() for text in texts]
            raise ValidationError(texts) from error


class OneMoveForm(ReasonForm):
    agent_id = forms.UUIDField(widget=forms.HiddenInput)


def move_page(page: Any, request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Every agent that could take the task is a button."""
    if not page.has_move_permission(request):
        raise PermissionDenied
    task = Task.objects.select_related("assigned_agent").filter(pk=task_id).first()
    if task is None:
        raise Http404
    form = (
        OneMoveForm(request.POST)
        if request.method == "POST"
        else OneMoveForm(initial={"reason": BY_HAND})
    )
    if form.is_valid() and moved(page, request, task, **form.cleaned_data):
        return redirect(reverse("admin:decisions_task_change", args=[task.pk]))
    context = {
        **page.admin_site.each_context(request),
        "opts": page.opts,
        "title": "Move to another agent",
        "subtitle": task.title,
        "holder": task.assigned_agent if task.state in HELD else None,
        "state": state_badge(task.state),
        "form": form,
        "candidates": who_could_take(task.pk)[:MOST_SHOWN],
    }
    return TemplateResponse(request, "admin/decisions/task/move.html", context)


def moved(page: Any, request: HttpRequest, task: Task, *, agent_id: UUID, reason: str) -> bool:
    actor = actor_of(request, Source.ADMIN)
    try:
        reassign_task(task.pk, actor=actor, agent_id=agent_id, reason=reason)
    except DomainError as error:
        page.message_user(request, f"“{task}”: {refusal(error)}", messages.ERROR)
        return False
    name = Agent.objects.values_list("name", flat=True).get(pk=agent_id)
    page.message_user(request, f"“{task}” is with {name} now.", messages.SUCCESS)
    return True
