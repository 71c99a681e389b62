"""What stands in the address of the list of tasks: read strictly, and written back without what is not said."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from agentic.models import User
from agents.models import Agent
from decisions.states import State
from oversight.selectors.tasks import Wanted

MOST_WORDS = 8
MOST_AGENTS = 200  # to choose from; others are found by their own page
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2199, 12, 31)
YES = [("yes", "yes")]
SORTS = [
    ("newest", "newest first"),
    ("oldest", "oldest first"),
    ("due", "due soonest (open tasks)"),
]
PRIORITIES = [(name, name) for name in ("critical", "high", "medium", "low")]


def choice(choices: list[tuple[str, str]]) -> forms.ChoiceField:
    return forms.ChoiceField(required=False, choices=[("", "any"), *choices])


def day() -> forms.DateField:
    bounds = [MinValueValidator(FIRST_DAY), MaxValueValidator(LAST_DAY)]
    return forms.DateField(required=False, validators=bounds)


class FilterForm(forms.Form):
    q = forms.CharField(required=False, max_length=200)
    state = choice([(state, state.replace("_", " ")) for state in State.values])
    type = forms.CharField(required=False, max_length=100)
    priority = choice(PRIORITIES)
    agent = forms.UUIDField(required=False)
    parent = forms.UUIDField(required=False)
    overdue = choice(YES)
    mine = choice(YES)
    since = day()
    until = day()
    sort = forms.ChoiceField(required=False, choices=[("", "newest first"), *SORTS])

    def clean_q(self) -> str:
        text: str = self.cleaned_data["q"]
        if len(text.split()) > MOST_WORDS:
            raise forms.ValidationError(f"At most {MOST_WORDS} words.")
        return text


def wanted(said: Mapping[str, Any], user: User) -> Wanted:
    """What a valid form asks for."""
    return Wanted(
        words=tuple(said["q"].split()),
        state=said["state"],
        task_type=said["type"],
        priority=said["priority"],
        agent=said["agent"],
        parent=said["parent"],
        created_by=user.pk if said["mine"] else None,
        overdue=bool(said["overdue"]),
        since=said["since"],
        until=said["until"],
        sort=said["sort"] or "newest",
    )


def query_of(said: Mapping[str, Any], **more: str) -> str:
    """The query of the address at which the same stands; empty where nothing is asked for."""
    kept = {name: str(value) for name, value in {**said, **more}.items() if value}
    return f"?{urlencode(kept)}" if kept else ""


def agents_to_choose(chosen: UUID | None) -> list[tuple[UUID, str]]:
    """By name; the chosen one is among them, however many there are."""
    rows = Agent.objects.order_by("name").values_list("pk", "name")
    found = list(rows[:MOST_AGENTS])
    if chosen is None or chosen in dict(found):
        return found
    return [*found, *rows.filter(pk=chosen)]
