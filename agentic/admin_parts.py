"""What lists and pages of the admin site are made of: links, states in colour, and values that can be read."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal

from django.contrib import admin
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils.html import format_html

# What a colour stands for; the word beside it says the same.
Tone = Literal["good", "busy", "warn", "bad", "quiet"]
NOTHING = "-"


def link(row: models.Model | None) -> str:
    if row is None:
        return NOTHING
    name = f"admin:{row._meta.app_label}_{row._meta.model_name}_change"
    return format_html('<a href="{}">{}</a>', reverse(name, args=[row.pk]), row)


def list_address(model: type[models.Model], **filters: Any) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
    return reverse(name, query=filters)


def spoken(word: str) -> str:
    """A value as a person says it. The kind of an event or an act (`task.moved`) is looked up by its letters."""
    return word if "." in word else word.replace("_", " ")


def badge(text: str, tone: Tone, title: str = "") -> str:
    return format_html(
        '<span class="badge badge-{}" title="{}">{}</span>', tone, title, spoken(text)
    )


@cache
def pretty(name: str) -> Any:
    """A field of a page that shows JSON as one reads it. The same one each time, as Django compares them."""

    @admin.display(description=name.replace("_", " "))
    def shown(row: models.Model) -> str:
        value = getattr(row, name)
        if value in (None, "", [], {}):
            return NOTHING
        text = json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)
        return format_html('<pre class="json">{}</pre>', text)

    return shown
