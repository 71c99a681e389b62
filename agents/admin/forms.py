"""The form of an agent."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from django import forms

from agentic.errors import Invalid
from agentic.forms import StrictJSONField
from agentic.parsing import decode
from agents.models import Agent
from agents.shapes import NewAgent

EDITED = msgspec.structs.fields(NewAgent)
NAMES = tuple(field.name for field in EDITED)


class AgentForm(forms.ModelForm):  # type: ignore[type-arg] # takes none at run time
    """Held to the same rules as the API's body."""

    class Meta:
        model = Agent
        fields = NAMES
        field_classes = {"capabilities": StrictJSONField, "config": StrictJSONField}

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        said = {name: data[name] for name in NAMES if name in data}
        try:
            decode(json.dumps({"name": self.instance.name or "-"} | said).encode(), NewAgent)
        except Invalid as error:
            for name, texts in error.members["errors"].items():
                self.add_error(
                    name.split("[")[0] if name.split("[")[0] in self.fields else None, texts
                )
        return data
