"""What is filled in on the pages of agents and stops."""

from __future__ import annotations

from django import forms

from agentic.admin_actions import LONGEST_REASON
from agents.keys import Scope
from agents.permitted import ACTIONS
from decisions.models import StopScope

MOST_DAYS = 3650


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=LONGEST_REASON)


class StatusForm(ReasonForm):
    action = forms.ChoiceField(choices=[(name, name) for name in ACTIONS])


class KeyForm(forms.Form):
    """Without a scope the key is good for all that an agent does; without days it holds until it is revoked."""

    scope = forms.ChoiceField(choices=[("", "everything"), *Scope.choices], required=False)
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS, required=False)


class StopForm(ReasonForm):
    scope = forms.ChoiceField(choices=[(StopScope.TASK_TYPE, ""), (StopScope.EVERYTHING, "")])
    task_type = forms.CharField(max_length=100, required=False)
