"""A review policy in sentences, and what differs between two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from decisions.models.policy import Budget
from oversight.words import percent_in_words, seconds_in_words

Rules = Mapping[str, Any]
LABELS = {
    "budget": "Budget",
    "budget_value": "Allowed",
    "risk_threshold": "Risk from which people look",
    "threshold": "Threshold of confidence",
    "task_types": "By task type",
    "priorities": "By priority",
    "sample_share": "Audit sample",
    "review_seconds": "Time for a review",
}
BUDGETS = {Budget.NONE: "thresholds alone", Budget.SHARE: "share of people", Budget.ERROR: "error"}


def sentences(rules: Rules) -> Iterator[str]:
    """What it does, for whoever has to live with it."""
    yield from budget_sentences(rules)
    without = " Without a model" if rules["budget"] else ""
    yield f"{without} {confidence_sentence(rules['threshold'], bool(without))}".strip()
    for kind, names in (("task type", rules["task_types"]), ("priority", rules["priorities"])):
        for name, threshold in names.items():
            yield f"{kind.capitalize()} {name}: {limit_in_words(threshold)}."
    yield sample_sentence(rules["sample_share"])
    yield f"Within {seconds_in_words(rules['review_seconds'])} a person should decide; after that it is escalated."


def budget_sentences(rules: Rules) -> Iterator[str]:
    allowed = percent_in_words(rules["budget_value"] or 0)
    if rules["budget"] == Budget.SHARE:
        yield f"People look at {allowed} of all decisions at most, the riskiest first."
    if rules["budget"] == Budget.ERROR:
        yield f"Of what nobody looks at, {allowed} may be wrong."
    if rules["risk_threshold"] is not None:
        yield f"A person looks from a predicted risk of {rules['risk_threshold']:.3g} on."


def confidence_sentence(threshold: float | None, inside: bool) -> str:
    text = (
        "A person looks at every decision."
        if threshold is None
        else f"A person looks below a confidence of {threshold:g}."
    )
    return text[0].lower() + text[1:] if inside else text


def limit_in_words(threshold: float | None) -> str:
    return "always a person" if threshold is None else f"a person below {threshold:g}"


def sample_sentence(share: float) -> str:
    if not share:
        return "There is no audit sample: nobody can tell how much of what passes is wrong."
    return f"Of what would pass, {percent_in_words(share)} goes to people anyway, drawn at random."


class Change(NamedTuple):
    label: str
    before: str
    after: str


def changes(before: Rules, after: Rules) -> list[Change]:
    return [
        Change(label, in_words(name, before[name]), in_words(name, after[name]))
        for name, label in LABELS.items()
        if before[name] != after[name]
    ]


def in_words(name: str, value: Any) -> str:
    if name == "budget":
        return BUDGETS[Budget(value)]
    if name in ("task_types", "priorities"):
        return ", ".join(f"{key}: {limit_in_words(one)}" for key, one in value.items()) or "none"
    if value is None:
        return "always a person" if name == "threshold" else "none"
    if name == "review_seconds":
        return seconds_in_words(value)
    return f"{value:.3g}" if name in ("threshold", "risk_threshold") else percent_in_words(value)
