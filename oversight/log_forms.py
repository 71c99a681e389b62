"""What may be asked of the event store and of the audit log, in the address of their pages."""

from __future__ import annotations

from collections.abc import Collection
from itertools import groupby
from typing import Any, ClassVar

from django import forms
from django.db.models import TextChoices
from django.urls import reverse

from agentic.actors import Source
from agentic.vocabulary import AuditAction, EntityType, EventType

LARGEST = 2**63 - 1
MARKS = frozenset({"newer", "grown"})  # of one look at the list
Choices = list[tuple[str, Any]]


def words(value: str) -> str:
    return value.replace("_", " ")


def in_words(kinds: type[TextChoices], anything: str) -> Choices:
    return [("", anything), *((kind.value, words(kind.value)) for kind in kinds)]


def grouped(values: Collection[str], anything: str) -> Choices:
    """`task.created` as `created` under `task`."""
    groups = groupby(values, key=lambda value: value.partition(".")[0])
    found = [
        (words(group), [(value, words(value.partition(".")[2])) for value in members])
        for group, members in groups
    ]
    return [("", anything), *found]


class MomentField(forms.DateTimeField):
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def number() -> forms.IntegerField:
    """A place in the list, which the page's own links say."""
    return forms.IntegerField(
        required=False, min_value=0, max_value=LARGEST, widget=forms.HiddenInput
    )


class LogFilters(forms.Form):
    """The `FIRST` are in sight; the others are a click away."""

    FIRST: ClassVar[tuple[str, ...]] = ()
    since = MomentField(label="From (UTC)", required=False)
    until = MomentField(label="Until (UTC)", required=False)
    before = number()

    def first_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.FIRST]

    def other_fields(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if field.name not in self.FIRST]

    def asks_for_more(self) -> bool:
        return any(self.data.get(field.name) for field in self.other_fields())

    def is_narrowed(self) -> bool:
        """Whether somebody asks for less than all of it."""
        return any(self.data.get(field.name) for field in self.visible_fields())

    def address(self, page: str) -> str:
        """Of what is asked for, without what is empty: to be kept, and sent to others."""
        names = [name for name in self.fields if name not in MARKS and self.data.get(name)]
        return reverse(page, query={name: self.data[name] for name in names})


class EventFilters(LogFilters):
    """`newer` and `grown`: how far the page has come, and how many rows it has got since it was opened."""

    FIRST = ("entity_type", "event_type", "who")
    entity_type = forms.ChoiceField(
        label="About", choices=in_words(EntityType, "Anything"), required=False
    )
    event_type = forms.ChoiceField(label="What happened", required=False)
    entity_id = forms.UUIDField(label="Id of the thing", required=False)
    who = forms.CharField(label="By", max_length=200, required=False)
    source = forms.ChoiceField(label="Through", choices=in_words(Source, "Any"), required=False)
    correlation_id = forms.CharField(label="Request id", max_length=64, required=False)
    tail = forms.ChoiceField(
        choices=[("", ""), ("off", "")], required=False, widget=forms.HiddenInput
    )
    newer = number()
    grown = number()
    field_order = ("entity_id", "source", "correlation_id", "since", "until")

    def __init__(self, data: Any, *, hidden: Collection[str]) -> None:
        super().__init__(data)
        seen = [value for value in sorted(EventType.values) if value not in hidden]
        self.fields["event_type"].choices = grouped(seen, "Anything")  # type: ignore[attr-defined]


class AuditFilters(LogFilters):
    FIRST = ("action", "who")
    action = forms.ChoiceField(
        label="What was done",
        choices=grouped(sorted(AuditAction.values), "Anything"),
        required=False,
    )
    who = forms.CharField(label="By", max_length=200, required=False)
    entity_type = forms.CharField(label="About", max_length=30, required=False)
    entity_id = forms.CharField(label="Id of the thing", max_length=64, required=False)
    field_order = ("entity_type", "entity_id", "since", "until")
