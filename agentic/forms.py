"""JSON in forms, as strict as in bodies."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from agentic.errors import Invalid
from agentic.parsing import refuse_odd_text


class StrictJSONField(forms.JSONField):
    """Refuses what JSON can say and no database or page can show, before anything decodes it."""

    def to_python(self, value: Any) -> Any:
        if is_odd(value):
            raise ValidationError("Contains a NUL, half a character, or endless nesting.")
        return super().to_python(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What is shown again in the form: as it was typed, when it is odd."""
        return InvalidJSONInput(data) if is_odd(data) else super().bound_data(data, initial)


def is_odd(value: Any) -> bool:
    try:
        refuse_odd_text(value.encode() if isinstance(value, str) else b"")
    except Invalid:
        return True
    return False
