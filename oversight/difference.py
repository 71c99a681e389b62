"""What an edit changes, line by line, as people compare texts."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any, NamedTuple

from oversight.templatetags.payload import as_text

AROUND = 2  # lines that stayed as they are, shown beside those that did not
MOST_COMPARED = 3_000
MOST_SHOWN = 300


class Line(NamedTuple):
    """`kind` is old, new, same or gap; a gap stands for lines that are left out."""

    kind: str
    text: str


class Difference(NamedTuple):
    lines: list[Line]
    changed: bool
    cut: bool


def difference(old: Any, new: Any) -> Difference:
    if old == new and type(old) is type(new):
        return Difference([], changed=False, cut=False)
    before, after = as_text(old).splitlines(), as_text(new).splitlines()
    if len(before) + len(after) > MOST_COMPARED:
        return Difference([], changed=True, cut=True)
    lines = compared(before, after)
    return Difference(lines[:MOST_SHOWN], changed=True, cut=len(lines) > MOST_SHOWN)


def compared(before: list[str], after: list[str]) -> list[Line]:
    lines: list[Line] = []
    for place, group in enumerate(SequenceMatcher(None, before, after).get_grouped_opcodes(AROUND)):
        lines += [Line("gap", "…")] if place else []
        for tag, i, j, k, m in group:
            if tag == "equal":
                lines += [Line("same", text) for text in before[i:j]]
                continue
            lines += [Line("old", text) for text in before[i:j]]
            lines += [Line("new", text) for text in after[k:m]]
    return lines
