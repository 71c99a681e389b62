"""The forms of an account: by the same rules, whichever is used."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.forms import UserChangeForm

from agentic.actors import Actor
from agentic.appointing import check_admin_stays
from agentic.errors import Invalid
from agentic.roles import Role


class PersonForm(UserChangeForm):  # type: ignore[type-arg] # takes none at run time
    """Held to the same rules as the action that assigns roles."""

    asking: Actor  # who fills it in

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        try:
            check_admin_stays(self.asking, self.instance, will_be=self.will_be_admin(data))
        except Invalid as error:
            self.add_error(None, error.members["errors"]["roles"])
        return data

    def will_be_admin(self, data: dict[str, Any]) -> bool:
        """A box that the form does not show stays as it is."""
        person = self.instance
        is_above = data.get("is_superuser", person.is_superuser)
        has_role = any(group.name == Role.ADMIN for group in data.get("groups", []))
        return data.get("is_active", person.is_active) and (is_above or has_role)


class RolesForm(forms.Form):
    roles = forms.MultipleChoiceField(
        choices=[(role.value, f"{role.value.replace('_', ' ')}: {role.label}") for role in Role],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text="The roles that they have from the next request on, and no others.",
    )


class SureForm(forms.Form):
    """Nothing to fill in: the page says what will happen."""
