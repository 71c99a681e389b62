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
from decisions.services.feedback import HIGHEST, LOWEST, give_feedback
from decisions.services.interventions import change_state, escalate_task, override_task
from decisions.services.reassigning import reassign_task
from decisions.shapes import FeedbackRequest
from decisions.states import State


class CommentForm(forms.Form):
    text = forms.CharField(max_length=LONGEST)


class PersonForm(forms.Form):
    person = forms.UUIDField()
    # Whom the page showed to have it; empty for nobody.
    replaces = forms.UUIDField(required=False)


OUTCOMES = ("right", "wrong")


class TellForm(forms.Form):
    """Of the task, or of one of its decisions."""

    decision_id = forms.UUIDField(required=False, label="decision")
    comment = forms.CharField(max_length=LONGEST, required=False)


class RatingForm(TellForm):
    rating = forms.IntegerField(min_value=LOWEST, max_value=HIGHEST)
    field_order = ("decision_id", "rating", "comment")


class OutcomeForm(TellForm):
    correct = forms.TypedChoiceField(
        choices=[(outcome, outcome) for outcome in OUTCOMES],
        coerce=lambda said: said == OUTCOMES[0],
        label="outcome",
    )
    field_order = ("decision_id", "correct", "comment")


def comment(task_id: UUID, actor: Actor, text: str) -> str:
    comment_on_task(task_id, actor=actor, text=text)
    return "Noted."


def acknowledge(task_id: UUID, actor: Actor) -> str:
    acknowledge_escalation(task_id, actor=actor)
    return "Acknowledged: it is not raised again before the next step has passed."


def take(task_id: UUID, actor: Actor, person: UUID, replaces: UUID | None) -> str:
    escalation = assign_escalation(task_id, actor=actor, person_id=person, replaces=replaces)
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


def rate(task_id: UUID, actor: Actor, **told: Any) -> str:
    give_feedback(task_id, actor=actor, told=FeedbackRequest("user_rating", **told))
    return "Your rating is kept."


def outcome(task_id: UUID, actor: Actor, **told: Any) -> str:
    give_feedback(task_id, actor=actor, told=FeedbackRequest("outcome_result", **told))
    return "How it turned out is kept."


class Deed(NamedTuple):
    """`warning` is what a person should know before."""

    form: type[forms.Form]
    do: Callable[..., str]
    warning: str = ""


FENCED = "An agent that holds it is fenced off: whatever it still does on it is void."
HEARD = "The agent reads it."
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
    "rate": Deed(RatingForm, rate, HEARD),
    "outcome": Deed(OutcomeForm, outcome, HEARD),
}


def filled_in(form: forms.Form) -> dict[str, Any]:
    """What was typed, checked; Invalid names each field that is wrong, as the page calls it."""
    if not form.is_valid():
        wrong = {str(form[name].label): texts for name, texts in form.errors.items()}
        raise Invalid(**{label: " ".join(map(str, texts)) for label, texts in wrong.items()})
    return form.cleaned_data
