"""The document of the sockets, AsyncAPI 3: read off the structs of their frames, as OpenAPI's is off the views."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, get_args

import msgspec
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from agentic import VERSION
from agentic.openapi import SCHEMAS, choices, portable
from oversight.connection import LARGEST_FRAME, PER_SECOND
from oversight.frames import Answered, Asked, Connected, Happened

Schema = dict[str, Any]
ASKED, ANSWERED = get_args(Asked), get_args(Answered)
FRAMES = (*ASKED, Connected, *ANSWERED, Happened)
BY_TOKEN = ("inTheAddress", "asSubprotocol", "inAHeader")
API, PAGES, PUSH = "api", "pages", "Push"
SINCE = {
    "type": "integer",
    "minimum": 0,
    "description": "A position in the order of events: it begins after that, without a gap or a repeat.",
}
ALARMED = {
    "type": "integer",
    "minimum": 0,
    "description": "As `data-alarmed` said: escalations after that position are told; 0 of a page that has just come.",
}
CLOSES = (
    "It is closed with 4001 when there is no good sign-in, when that has ended, or when the roles have changed (within "
    f"5 s); 4003 when the account has no role; 4008 when more than {PER_SECOND} frames a second came in, or the "
    "person has too many sockets open; 1009 when a frame was larger than "
    f"{LARGEST_FRAME // 1024} KiB; 1013 when the database cannot be reached."
)
PUSHED = (
    "Elements that take the place of those with their ids (`hx-swap-oob`). `#news` tells in `data-position` how far "
    "the page has come, in `data-alarmed` up to where it was told of escalations, in `data-topics` which of its parts "
    "are stale, and in `data-delayed` whether news come late; `#count-reviews` and `#count-escalations` are the "
    "figures of the menu; rows for `#feed` and notes for `#toasts` are put in there. One frame has all that came "
    "within 250 ms; while nothing happens, `#news` comes every 5 s."
)
SECURITY_SCHEMES: Schema = {
    "inTheAddress": {
        "type": "httpApiKey",
        "in": "query",
        "name": "token",
        "description": "A person's access token. As part of the address it may stand in the log of a proxy.",
    },
    "asSubprotocol": {
        "type": "httpApiKey",
        "in": "header",
        "name": "Sec-WebSocket-Protocol",
        "description": "`bearer.<access token>`, for browsers.",
    },
    "inAHeader": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "session": {
        "type": "httpApiKey",
        "in": "cookie",
        "name": "sessionid",
        "description": "Of a sign-in on a page; and the page is one of ours, by its origin.",
    },
}


@require_safe
def asyncapi(request: HttpRequest) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(document()), content_type="application/json")


@cache
def document() -> Schema:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Agentic Agent Platform: the sockets",
            "version": VERSION,
            "description": "What happens, as it happens. The calls over HTTP stand in /api/schema.",
        },
        "defaultContentType": "application/json",
        "channels": channels(),
        "operations": operations(),
        "components": components(),
    }


def channels() -> Schema:
    return {
        API: channel(
            "/api/v1/oversight/ws",
            f"For programs. An event comes on each channel that one listens to. {CLOSES}",
            names(FRAMES),
            {"token": {"type": "string"}, "since": SINCE},
        ),
        PAGES: channel(
            "/oversight/live",
            f"For the platform's own pages, and it changes with them. {CLOSES}",
            [PUSH],
            {
                "since": SINCE,
                "alarmed": ALARMED,
                "feed": {"const": "1", "description": "The page lists events."},
            },
        ),
    }


def operations() -> Schema:
    return {
        "ask": {
            **operation("receive", API, names(ASKED), *BY_TOKEN),
            "summary": "What a program may say.",
            "reply": {
                "channel": at("channels", API),
                "messages": carried(API, names(ANSWERED)),
            },
        },
        "tell": {
            **operation("send", API, names([Connected, Happened]), *BY_TOKEN),
            "summary": "A greeting first, and then what happens.",
        },
        "push": {
            **operation("send", PAGES, [PUSH], "session"),
            "summary": "What has changed on a page.",
        },
    }


def components() -> Schema:
    return {
        "messages": {**{one.__name__: message(one) for one in FRAMES}, PUSH: push()},
        "schemas": schemas(),
        "securitySchemes": SECURITY_SCHEMES,
    }


def names(frames: Iterable[type]) -> list[str]:
    return [frame.__name__ for frame in frames]


def at(*path: str) -> Schema:
    return {"$ref": "#/" + "/".join(path)}


def channel(address: str, about: str, messages: list[str], query: Schema) -> Schema:
    asked = {"type": "object", "properties": query}
    return {
        "address": address,
        "description": about,
        "messages": {name: at("components", "messages", name) for name in messages},
        "bindings": {"ws": {"method": "GET", "query": asked, "bindingVersion": "0.1.0"}},
    }


def operation(action: str, on: str, messages: list[str], *security: str) -> Schema:
    """As the platform sees it: it sends, and it receives."""
    return {
        "action": action,
        "channel": at("channels", on),
        "messages": carried(on, messages),
        "security": [at("components", "securitySchemes", scheme) for scheme in security],
    }


def carried(on: str, messages: list[str]) -> list[Schema]:
    return [at("channels", on, "messages", name) for name in messages]


def message(frame: type) -> Schema:
    name = frame.__name__
    return {"name": name, "summary": frame.__doc__, "payload": at("components", "schemas", name)}


def push() -> Schema:
    payload = {"type": "string", "description": PUSHED}
    return {"name": PUSH, "contentType": "text/html", "payload": payload}


def schemas() -> Schema:
    _, read_off = msgspec.json.schema_components(FRAMES, schema_hook=choices, ref_template=SCHEMAS)
    found: Schema = portable(read_off)
    for frame in (Connected, *ANSWERED):  # has a default, and is said always
        found[frame.__name__]["required"].append("timestamp")
    return found
