"""JSON as people read it: names with their values, long things folded, pictures drawn.

`{% tree value %}` draws any value, `{% pictures value %}` only the pictures among an object's members. Pages that use
them take `oversight/payload.css` along.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from oversight.pictures import draw, is_picture

register = template.Library()
MOST_NODES = 200
MOST_MEMBERS = 50  # of one object or list
DEEPEST = 6
OPEN_DOWN_TO = 2
LONG_TEXT = 160  # characters; more are folded
LONGEST_RAW = 100_000


@register.simple_tag
def tree(value: Any) -> SafeString:
    """What is left out of the tree for its size stands below it as text, on demand."""
    drawing = Drawing()
    drawn = drawing.whole(value)
    return format_html("{}{}", drawn, raw(value)) if drawing.cut else drawn


@register.simple_tag
def pictures(value: Any) -> SafeString:
    members = value.items() if isinstance(value, dict) else ()
    found = [(draw(inner, name),) for name, inner in members if is_picture(name, inner)]
    return format_html_join("", "{}", found)


@register.filter
def as_text(value: Any) -> str:
    """As one would write it into an editor."""
    return json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder)


@dataclass
class Drawing:
    """One tree on its way: how many nodes it may still have, and whether something was left out."""

    left: int = MOST_NODES
    cut: bool = False

    def whole(self, value: Any) -> SafeString:
        if isinstance(value, dict) and value:
            return self.members(value.items(), len(value), 1)
        return format_html('<ul class="tree">{}</ul>', self.node("", value, 0))

    def node(self, name: str, value: Any, depth: int) -> SafeString:
        self.left -= 1
        key = format_html('<bdi class="key">{}</bdi> ', self.shortened(name)) if name else ""
        if is_picture(name, value):
            size = f"picture, {len(value[0])} by {len(value)}"
            return branch(key, size, format_html("{}{}", draw(value, name), rows(value)), depth)
        if isinstance(value, dict) and value:
            return self.branch(key, value.items(), len(value), "member", depth)
        if isinstance(value, list) and value and not are_numbers(value):
            numbered = ((str(place), inner) for place, inner in enumerate(value, 1))
            return self.branch(key, numbered, len(value), "item", depth)
        return format_html("<li>{}{}</li>", key, leaf(value))

    def shortened(self, name: str) -> str:
        if len(name) <= LONG_TEXT:
            return name
        self.cut = True
        return f"{name[:LONG_TEXT]}…"

    def branch(
        self, key: str, members: Iterable[tuple[str, Any]], number: int, noun: str, depth: int
    ) -> SafeString:
        size = f"{number:,} {noun}{'' if number == 1 else 's'}"
        if depth >= DEEPEST:
            self.cut = True
            return format_html(
                '<li>{}<span class="kind">{}, too deep to draw</span></li>', key, size
            )
        return branch(key, size, self.members(members, number, depth + 1), depth)

    def members(self, members: Iterable[tuple[str, Any]], number: int, depth: int) -> SafeString:
        drawn: list[tuple[SafeString]] = []
        for name, value in members:
            if self.left <= 0 or len(drawn) >= MOST_MEMBERS:
                self.cut = True
                break
            drawn.append((self.node(name, value, depth),))
        more = number - len(drawn)
        rest = format_html('<li class="kind">and {} more</li>', f"{more:,}") if more else ""
        return format_html('<ul class="tree">{}{}</ul>', format_html_join("", "{}", drawn), rest)


def branch(key: str, size: str, inner: SafeString, depth: int) -> SafeString:
    return format_html(
        '<li><details{}><summary>{}<span class="kind">{}</span></summary>{}</details></li>',
        SafeString(" open") if depth <= OPEN_DOWN_TO else "",
        key,
        size,
        inner,
    )


def leaf(value: Any) -> SafeString:
    """A value with its kind in words: `7` the number and `7` the text are told apart."""
    text, kind = words(value)
    if len(text) <= LONG_TEXT:
        return format_html('<bdi class="value">{}</bdi> <span class="kind">{}</span>', text, kind)
    return format_html(
        '<details class="long"><summary><bdi class="value">{}…</bdi> <span class="kind">{}, {} characters</span>'
        '</summary><bdi class="value">{}</bdi></details>',
        text[:LONG_TEXT],
        kind,
        f"{len(text):,}",
        text,
    )


def words(value: Any) -> tuple[str, str]:
    match value:
        case None:
            return "null", "nothing"
        case bool():
            return str(value).lower(), "yes or no"
        case int() | float():
            return json.dumps(value), "number"
        case str():
            return value, "text" if value else "empty text"
        case []:
            return "", "empty list"
        case list():
            return ", ".join(map(json.dumps, value)), "numbers"
        case {}:
            return "", "empty object"
    return str(value), "value"


def are_numbers(values: list[Any]) -> bool:
    return all(type(value) in {int, float} for value in values)


def rows(matrix: list[list[float]]) -> SafeString:
    lines = "\n".join(" ".join(f"{pixel:>3}" for pixel in row) for row in matrix)
    return format_html(
        '<details><summary class="kind">Its numbers</summary><pre tabindex="0">{}</pre></details>',
        lines,
    )


def raw(value: Any) -> SafeString:
    text = as_text(value)
    cut = (
        f"The first {LONGEST_RAW:,} of {len(text):,} characters:" if len(text) > LONGEST_RAW else ""
    )
    return format_html(
        '<details class="raw"><summary>Show all as text</summary><p class="small soft">{}</p>'
        '<pre tabindex="0">{}</pre></details>',
        cut,
        text[:LONGEST_RAW],
    )
