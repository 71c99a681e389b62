"""The forms of an account: by the same rules, whichever is used."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import UserChangeForm

from agentic.actors import Actor
from agentic.appointing import check_admin_stays
from agentic.errors import Invalid
from agentic.models import User
from agentic.roles import Role


class PersonForm(UserChangeForm):  # type: ignore[type-arg] # takes none at run time
    """Held to the same rules as the action that assigns roles."""

    asking: Actor  # who fills it in

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        roles = [group.name for group in data.get("groups", [])]
        about = {"roles": roles, "is_active": data.get("is_active", True)}
        try:
            check_admin_stays(self.asking, User.objects.get(pk=self.instance.pk), **about)
        except Invalid as error:
            self.add_error(None, error.members["errors"]["roles"])
        return data


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        choices=[(role.value, f"{role.value.replace('_', ' ')}: {role.label}") for role in Role],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="The roles that they have from the next request on, and no others.",
    )


class SureForm(forms.Form):
    """Nothing to fill in: the page says what will happen."""
