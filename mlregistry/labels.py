"""What a client calls its artifact. The platform opens no such path, and keeps none that could lead a reader astray."""

from __future__ import annotations

import re

from agentic.errors import Invalid

# No colon (schemes, drives), backslash, percent sign, tilde or control character.
ALLOWED = re.compile(r"[\w.@+=, /-]*")
ADVICE = "a label such as credit-risk/v3/model.onnx: no address, no absolute path, no '..', no odd characters"


def refuse_odd_label(text: str, field: str = "artifact_path") -> None:
    """Invalid, naming the field, unless it is empty or names joined by slashes."""
    if text and not (ALLOWED.fullmatch(text) and all(map(is_name, text.split("/")))):
        raise Invalid(**{field: ADVICE})


def is_name(part: str) -> bool:
    return part.strip(" .") != "" and part == part.strip(" ")
