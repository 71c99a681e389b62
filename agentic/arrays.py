"""PostgreSQL's text for an array of values.

A JSON array of numbers, ids, times and simple texts differs from it in its brackets alone, and msgspec writes that in
C: the driver's own way takes many times as long over each element.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

json = msgspec.json.Encoder()


def array(values: Sequence[Any]) -> str:
    """Texts, numbers, ids, times, booleans and None, as one parameter for `%s::kind[]`."""
    text = json.encode(values).decode()
    # A line break is a backslash and a letter to JSON alone.
    if "\\" in text:
        text = f"[{','.join(map(element, values))}]"
    return f"{{{text[1:-1]}}}"


def element(value: Any) -> str:
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return json.encode(value).decode()


def array_of_documents(values: Sequence[Any]) -> str:
    """JSON values, as one parameter for `%s::text[]`; None stays the database's NULL."""
    lines = json.encode_lines(values).decode().split("\n")
    texts = [None if value is None else line for value, line in zip(values, lines, strict=False)]
    # JSON within JSON: no backslash in it stands before anything but a quote or a backslash.
    return f"{{{json.encode(texts).decode()[1:-1]}}}"
