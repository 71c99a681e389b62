"""What is filled in to propose a review policy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from agentic.errors import Invalid
from agentic.forms import StrictJSONField
from decisions.models import ReviewPolicy
from decisions.models.policy import Budget
from decisions.services.policies import RULES, check

PERCENT = 100
EXCEPTIONS = ("task_types", "priorities", "risk_threshold")
EMPTY = (None, "", "{}", "null")
WAYS = (
    (Budget.NONE.value, "By thresholds of confidence alone"),
    (Budget.SHARE.value, "By how much people can look at"),
    (Budget.ERROR.value, "By the error that is acceptable"),
)


def percentage(least: float, label: str) -> forms.FloatField:
    return forms.FloatField(label=label, min_value=least, max_value=PERCENT, required=False)


class PolicyForm(forms.Form):
    """The budget as a choice of three; each way has its own figure, and the others are not looked at."""

    budget = forms.ChoiceField(choices=WAYS, widget=forms.RadioSelect, required=False)
    share_value = percentage(0, "of all decisions can be looked at by people")
    error_value = percentage(0, "of what nobody looks at may be wrong")
    risk_threshold = forms.FloatField(min_value=0, max_value=1, required=False)
    threshold = forms.FloatField(min_value=0, max_value=1, required=False)
    task_types = StrictJSONField(required=False)
    priorities = StrictJSONField(required=False)
    sample_share = forms.FloatField(min_value=0, max_value=PERCENT)
    review_hours = forms.FloatField(min_value=0)
    note = forms.CharField(required=False)

    @property
    def has_exceptions(self) -> bool:
        """Whether anything stands in the fields that few policies need."""
        return any(self[name].value() not in EMPTY for name in EXCEPTIONS)

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            self.rules = rules_of(data)
            try:
                check(self.rules)
            except Invalid as error:
                self.tell(error)
        return data

    def tell(self, error: Invalid) -> None:
        for name, texts in error.members["errors"].items():
            field, _, key = name.partition(".")
            self.add_error(
                self.place_of(field), [f"{key}: {text}" if key else text for text in texts]
            )

    def place_of(self, field: str) -> str:
        if field == "budget_value":
            return f"{self.cleaned_data['budget']}_value"
        return "review_hours" if field == "review_seconds" else field


def rules_of(data: Mapping[str, Any]) -> dict[str, Any]:
    budget = data["budget"]
    return {
        "threshold": data["threshold"],
        "task_types": data["task_types"] or {},
        "priorities": data["priorities"] or {},
        "sample_share": data["sample_share"] / PERCENT,
        "review_seconds": round(data["review_hours"] * 3600),
        "budget": budget,
        "budget_value": as_share(data[f"{budget}_value"]) if budget else None,
        "risk_threshold": data["risk_threshold"] if budget else None,
        "note": data["note"],
    }


def as_share(percentage: float | None) -> float | None:
    return None if percentage is None else percentage / PERCENT


def begun_with(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The form as it begins, from the rules of a version or a draft."""
    budget = rules["budget"]
    figures = {f"{budget}_value": in_percent(rules["budget_value"])} if budget else {}
    return {
        **{name: rules[name] for name in ("budget", "threshold", "risk_threshold", "note")},
        "task_types": rules["task_types"],
        "priorities": rules["priorities"],
        "sample_share": in_percent(rules["sample_share"]),
        "review_hours": round(rules["review_seconds"] / 3600, 4),
        **figures,
    }


def in_percent(share: float | None) -> float | None:
    return None if share is None else round(share * PERCENT, 6)


def active_rules() -> dict[str, Any]:
    """Those that decide now; without a version, those of a new one."""
    found = ReviewPolicy.objects.filter(is_active=True).values(*RULES).first()
    if found is None:
        unsaved = ReviewPolicy()
        found = {name: getattr(unsaved, name) for name in RULES}
    return dict(found)


def next_rules() -> dict[str, Any]:
    """A new version is mostly the active one with a change; its threshold of risk is found anew, its note written."""
    return {**active_rules(), "risk_threshold": None, "note": ""}
