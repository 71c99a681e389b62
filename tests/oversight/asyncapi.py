"""Checks a frame against the document of the sockets."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from jsonschema import Draft202012Validator, FormatChecker

from oversight.asyncapi import document


@cache
def said_by(action: str) -> Draft202012Validator:
    """What the platform sends or receives on the socket of the API: exactly one of these messages."""
    whole = msgspec.to_builtins(document())
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in messages(whole, action)]
    schema = {"oneOf": refs, "components": whole["components"]}
    return Draft202012Validator(schema, format_checker=FormatChecker())


def messages(whole: dict[str, Any], action: str) -> list[str]:
    operations = [
        op for op in whole["operations"].values() if op["channel"]["$ref"].endswith("/api")
    ]
    sides = [op for op in operations if op["action"] == action]
    if action == "send":
        sides += [op["reply"] for op in operations if "reply" in op]
    return sorted({one["$ref"].rpartition("/")[2] for side in sides for one in side["messages"]})


def check(frame: dict[str, Any]) -> None:
    """A frame that the platform has sent is one that its document tells of."""
    said_by("send").validate(frame)
