"""The document of the sockets: whole, true, and to the rules of AsyncAPI 3."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from jsonschema import Draft202012Validator, ValidationError

from agentic.asgi import PAGES_SOCKET, SOCKET
from agentic.errors import IllegalMove, Invalid
from oversight import frames
from oversight.asyncapi import FRAMES, document
from tests.oversight.asyncapi import check, said_by

Json = dict[str, Any]


@pytest.fixture
def said() -> Json:
    answer = Client().get("/api/asyncapi")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    whole: Json = answer.json()
    return whole


def refs(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from (value for name, value in part.items() if name == "$ref")
        part = list(part.values())
    if isinstance(part, list):
        for inner in part:
            yield from refs(inner)


def found(whole: Json, ref: str) -> Any:
    part: Any = whole
    for name in ref.removeprefix("#/").split("/"):
        part = part[name]
    return part


def test_each_frame_of_the_code_is_in_it() -> None:
    spoken = {*frames.Said.__subclasses__(), frames.Happened}
    heard = set(frames.Asked.__args__)
    assert set(FRAMES) == spoken | heard
    assert all(frame.__doc__ for frame in FRAMES)


def test_it_names_the_sockets_that_there_are(said: Json) -> None:
    assert {one["address"] for one in said["channels"].values()} == {SOCKET, PAGES_SOCKET}


def test_it_keeps_the_rules_of_its_version(said: Json) -> None:
    assert said["asyncapi"] == "3.0.0"
    assert said.keys() <= {
        "asyncapi", "info", "defaultContentType", "channels", "operations", "components",
    }  # fmt: skip
    assert said["info"].keys() >= {"title", "version"}
    assert said["components"].keys() == {"messages", "schemas", "securitySchemes"}
    for message in said["components"]["messages"].values():
        assert message.keys() <= {"name", "summary", "payload", "contentType"}
    for schema in said["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_each_reference_leads_somewhere(said: Json) -> None:
    assert len(list(refs(said))) > 50
    for ref in refs(said):
        assert found(said, ref)


def test_an_operation_uses_messages_of_its_channel_alone(said: Json) -> None:
    for operation in said["operations"].values():
        assert operation["action"] in {"send", "receive"}
        used = [(operation["channel"], operation["messages"])]
        if reply := operation.get("reply"):
            used.append((reply["channel"], reply["messages"]))
        for channel, messages in used:
            assert messages
            assert all(one["$ref"].startswith(f"{channel['$ref']}/messages/") for one in messages)
        assert all("securitySchemes" in one["$ref"] for one in operation["security"])


@pytest.mark.parametrize(
    "word",
    [
        {"type": "subscribe", "channel": "events"},
        {"type": "unsubscribe", "channel": "actions"},
        {"type": "ping"},
        {"type": "action", "action": "override", "task_id": str(UUID(int=1)), "reason": "x"},
    ],
    ids=lambda word: word["type"],
)
def test_it_knows_what_one_may_say(word: Json) -> None:
    said_by("receive").validate(word)
    for wrong in ({**word, "more": 1}, {**word, "type": "dance"}):
        with pytest.raises(ValidationError):
            said_by("receive").validate(wrong)


@pytest.mark.parametrize("error", [Invalid(reason="too long"), IllegalMove("queued", ["assigned"])])
def test_it_knows_how_a_refusal_looks(error: Any) -> None:
    check(json.loads(frames.say(frames.refused(error))))


def test_it_would_notice_a_frame_that_it_does_not_know() -> None:
    pong: Json = json.loads(frames.say(frames.Pong()))
    check(pong)
    for wrong in ({"type": "pong"}, {**pong, "type": "pang"}, {**pong, "timestamp": 1}):
        with pytest.raises(ValidationError):
            check(wrong)


def test_it_is_the_same_for_everybody() -> None:
    assert document() is document()
