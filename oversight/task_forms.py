"""What is typed to do something with a task, and the service that then does it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from uuid import UUID

from django import forms

from agentic.actors import Actor
from agentic.admin_actions import ReasonForm
from agentic.errors import Invalid
from agents.models import Agent
from decisions.admin.moving import MoveForm, OverrideForm
from decisions.services.comments import LONGEST, comment_on_task
from decisions.services.escalations import acknowledge_escalation, assign_escalation
from decisions.services.interventions import change_state, escalate_task, override_task
from decisions.services.reassigning import reassign_task
from decisions.states import State


class CommentForm(forms.Form):
    text = forms.CharField(max_length=LONGEST)


class PersonForm(forms.Form):
    person = forms.UUIDField()


def comment(task_id: UUID, actor: Actor, text: str) -> str:
    comment_on_task(task_id, actor=actor, text=text)
    return "Noted."


def acknowledge(task_id: UUID, actor: Actor) -> str:
    acknowledge_escalation(task_id, actor=actor)
    return "Acknowledged: it is not raised again before the next step has passed."


def take(task_id: UUID, actor: Actor, person: UUID) -> str:
    escalation = assign_escalation(task_id, actor=actor, person_id=person)
    return f"{escalation.assigned_to.name if escalation.assigned_to else 'Somebody'} takes care of it now."


def requeue(task_id: UUID, actor: Actor, reason: str) -> str:
    change_state(task_id, actor=actor, state=State.QUEUED, metadata={"reason": reason})
    return "It is back in the queue, and retries count anew."


def reassign(task_id: UUID, actor: Actor, agent: Agent, reason: str) -> str:
    reassign_task(task_id, actor=actor, agent_id=agent.pk, reason=reason)
    return f"It is with {agent} now."


def escalate(task_id: UUID, actor: Actor, reason: str) -> str:
    escalate_task(task_id, actor=actor, reason=reason)
    return "It waits for a person now."


def override(task_id: UUID, actor: Actor, new_decision: dict[str, Any], reason: str) -> str:
    override_task(task_id, actor=actor, reason=reason, new_decision=new_decision)
    return "It is verified, with your decision."


def cancel(task_id: UUID, actor: Actor, reason: str) -> str:
    change_state(task_id, actor=actor, state=State.CANCELLED, metadata={"reason": reason})
    return "It is called off."


class Deed(NamedTuple):
    """`warning` is what a person should know before."""

    form: type[forms.Form]
    do: Callable[..., str]
    warning: str = ""


FENCED = "An agent that holds it is fenced off: whatever it still does on it is void."
# By the names in `decisions.permitted.ACTIONS`.
DEEDS = {
    "comment": Deed(CommentForm, comment),
    "acknowledge": Deed(forms.Form, acknowledge),
    "take": Deed(PersonForm, take),
    "requeue": Deed(ReasonForm, requeue, FENCED),
    "reassign": Deed(MoveForm, reassign, FENCED),
    "escalate": Deed(ReasonForm, escalate, FENCED),
    "override": Deed(OverrideForm, override, FENCED),
    "cancel": Deed(
        ReasonForm, cancel, "It cannot be taken back. What it has delegated is called off too."
    ),
}


def filled_in(form: forms.Form) -> dict[str, Any]:
    """What was typed, checked; Invalid names each field that is wrong, as the page calls it."""
    if not form.is_valid():
        wrong = {str(form[name].label): texts for name, texts in form.errors.items()}
        raise Invalid(**{label: " ".join(map(str, texts)) for label, texts in wrong.items()})
    return form.cleaned_data
