"""Proposals that people change: simple fields for flat objects, JSON for all others, both as strict as the API."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

from django.http import QueryDict

from agentic.errors import Invalid
from agentic.parsing import decode, refuse_odd_text
from decisions.shapes import Override

MOST_FIELDS = 8
LONGEST_LINE = 80  # characters; more get a field of several lines
YES = "true"
Object = dict[str, Any]


class Field(NamedTuple):
    """A member of a flat object: its input is called `name`, `kind` is number, choice, line or text."""

    name: str
    label: str
    kind: str
    value: str


def fields_of(proposal: Object) -> list[Field]:
    """None for what is no short flat object: that is edited as JSON."""
    if not 0 < len(proposal) <= MOST_FIELDS:
        return []
    if not all(isinstance(value, str | bool | int | float) for value in proposal.values()):
        return []
    return [
        Field(f"value-{place}", label, kind_of(value), text_of(value))
        for place, (label, value) in enumerate(proposal.items())
    ]


def kind_of(value: str | bool | float) -> str:
    if isinstance(value, bool):
        return "choice"
    if not isinstance(value, str):
        return "number"
    return "text" if len(value) > LONGEST_LINE or "\n" in unix(value) else "line"


def text_of(value: str | bool | float) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def edited(said: QueryDict, proposal: Object) -> Object:
    """What was made of the proposal; Invalid, naming the field, when it cannot be read."""
    if "json" in said:
        return checked(read_json(said.get("json", "")))
    values = zip(fields_of(proposal), proposal.values(), strict=False)
    return checked({field.label: read_field(field, said, value) for field, value in values})


def read_field(field: Field, said: QueryDict, before: Any) -> Any:
    text = unix(said.get(field.name, field.value))
    if text == unix(field.value):
        return before  # to the last digit and line break
    if field.kind == "choice":
        return text == YES
    return read_number(field.label, text) if field.kind == "number" else text


def read_number(label: str, text: str) -> float:
    try:
        number = float(text)
        return int(text) if text.strip().lstrip("+-").isdigit() else finite(number)
    except ValueError as error:
        raise Invalid(**{label: "a number is expected"}) from error


def finite(number: float) -> float:
    if not math.isfinite(number):
        raise ValueError(number)
    return number


def read_json(text: str) -> Object:
    try:
        refuse_odd_text(text.encode())
        value = json.loads(text, parse_constant=finite_word)
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Invalid(proposal=f"no JSON at {where}: {error.msg}") from error
    except ValueError as error:
        raise Invalid(proposal="a number in it cannot be kept") from error
    if not isinstance(value, dict):
        raise Invalid(proposal="an object is expected, in braces")
    return value


def finite_word(word: str) -> float:
    raise ValueError(word)


def checked(value: Object) -> Object:
    """By the rules of the API's bodies: depth, size, what no reader can keep."""
    body = json.dumps({"reason": "-", "new_decision": value}).encode()
    try:
        return decode(body, Override).new_decision
    except Invalid as error:
        texts = [text for texts in error.members["errors"].values() for text in texts]
        raise Invalid(proposal="; ".join(texts)) from error


def unix(text: str) -> str:
    """Forms send line breaks as Windows writes them, whatever they were."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
