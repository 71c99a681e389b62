"""JSON that comes in: strict, bounded, and every refusal names the field."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from agentic.errors import Invalid, TooLarge

DEEPEST = 32
LARGEST_VALUE = 64 * 1024  # bytes of one JSON field
LARGEST_INTEGER = 2**63 - 1  # past it, readers in other languages round or fail

NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
# The closing quote is optional and nothing is given back: a string that never ends is read once, not once per quote.
TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"\s*:?)?|[\[\]{}]', re.DOTALL)
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
LONE_SURROGATE = re.compile(
    rb"(?<!\\)(?:\\\\)*(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
# Where each digit is a nought and all else a blank, a long number is found at once; a pattern tries at every digit.
DIGITS_ALONE = bytes(ord("0") if byte in b"0123456789" else ord(" ") for byte in range(256))
MANY_DIGITS = b"0" * 19
AT_FIELD = re.compile(r"^(?P<text>.*) - at `\$\.?(?P<field>[^`]*)`$")
NAMED = re.compile(
    r"^(?P<text>Object (?:contains unknown|missing required) field) `(?P<field>[^`]*)`(?: - at `\$\.?(?P<at>[^`]*)`)?$"
)

studying = threading.Lock()
ShapeType = TypeVar("ShapeType", bound=msgspec.Struct)


class StrictJSONParser(BaseParser):
    """Hands the bytes on: `read` decodes them straight into the shape that a view asks for."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return whole(stream)


class FormParser(BaseParser):
    """A form as the JSON that says the same, so that it is read by the same rules."""

    media_type = "application/x-www-form-urlencoded"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            pairs = parse_qsl(
                whole(stream).decode(), keep_blank_values=True, errors="strict", max_num_fields=20
            )
        except ValueError as error:
            raise Invalid(body="not a readable form") from error
        return msgspec.json.encode(dict(pairs))


def whole(stream: Any) -> bytes:
    try:
        # Whoever read the body before us left a file of it in the request's place.
        body: bytes = stream.body if isinstance(stream, HttpRequest) else stream.read()
    except RequestDataTooBig as error:
        raise TooLarge("The body is over 1 MB.") from error
    return body


def read(request: Request, shape: type[ShapeType]) -> ShapeType:
    """The body as `shape`; Invalid, naming the field, when it is not."""
    body: Any = request.data
    # Without a Content-Length (chunked) no parser is asked.
    return decode(body or whole(request._request) or b"{}", shape)


def decode(body: bytes, shape: type[ShapeType]) -> ShapeType:
    refuse_odd_text(body)
    try:
        value: ShapeType = decoder_of(shape).decode(body)
    except msgspec.ValidationError as error:
        raise Invalid(**explained(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Invalid(body=f"not valid JSON: {error}") from error
    if len(body) > LARGEST_VALUE or MANY_DIGITS in body.translate(DIGITS_ALONE):
        refuse_odd_values(value)
    return value


@cache
def decoder_of(shape: type[ShapeType]) -> msgspec.json.Decoder[ShapeType]:
    """msgspec studies a shape when it first needs it, and two threads that do so at once crash the process."""
    with studying:
        return msgspec.json.Decoder(shape)


def refuse_odd_text(body: bytes) -> None:
    """What JSON can say and no database or reader can keep: NUL, half a character, endless nesting."""
    if too_deep(body):
        raise Invalid(
            **{field_at(body, deeper_than=DEEPEST): f"nested more than {DEEPEST} levels deep"}
        )
    for pattern, word in ((NUL, "a NUL character"), (LONE_SURROGATE, "half of a surrogate pair")):
        if b"\\u" in body and (found := pattern.search(body)):
            raise Invalid(**{field_at(body, found.end()): f"contains {word}"})
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Invalid(**{field_at(body, error.start): "not valid UTF-8"}) from error


def too_deep(body: bytes) -> bool:
    """Whether brackets nest deeper than allowed: innermost pairs are peeled off, level by level."""
    left = body.translate(None, NOT_BRACKETS)
    for _ in range(DEEPEST):
        if not left:
            return False
        left = left.replace(b"{}", b"").replace(b"[]", b"")
    # Brackets inside strings do not pair up; only then is the exact, slower look needed.
    return bool(left) and any(depth > DEEPEST for _, depth, _ in tokens(body))


def field_at(body: bytes, offset: int | None = None, *, deeper_than: int | None = None) -> str:
    """The outermost field that an offset lies in, or that nests deeper than allowed."""
    field = "body"
    for token, depth, end in tokens(body):
        if offset is not None and end - len(token) >= offset:
            break
        if depth == 1 and token.endswith(b":"):
            field = token.rstrip(b": \t\r\n").strip(b'"').decode(errors="replace")
        if deeper_than is not None and depth > deeper_than:
            break
    return field


def tokens(body: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Each bracket and string, how deep it lies, and where it ends."""
    depth = 0
    for match in TOKENS.finditer(body):
        token = match.group()
        if token in b"[{":
            depth += 1
        elif token in b"]}":
            depth -= 1
        yield token, depth, match.end()


def explained(message: str) -> dict[str, str]:
    """The decoder's message as `{field: text}`."""
    if match := NAMED.match(message):
        field = f"{match['at']}.{match['field']}" if match["at"] else match["field"]
        return {field: "unknown field" if "unknown" in match["text"] else "this field is required"}
    if match := AT_FIELD.match(message):
        return {match["field"].replace("[...]", "") or "body": match["text"]}
    return {"body": message}


def refuse_odd_values(shape: msgspec.Struct, prefix: str = "") -> None:
    for name in shape.__struct_fields__:
        value = getattr(shape, name)
        for index, row in enumerate(value if isinstance(value, list) else ()):
            if isinstance(row, msgspec.Struct):
                refuse_odd_values(row, f"{prefix}{name}[{index}].")
        if (
            isinstance(value, dict)
            and len(msgspec.json.encode(bounded(value, prefix + name))) > LARGEST_VALUE
        ):
            raise Invalid(**{prefix + name: f"larger than {LARGEST_VALUE} bytes"})


def bounded(value: Any, field: str) -> Any:
    """`value`, or Invalid when a whole number in it is too large for other readers."""
    if isinstance(value, dict):
        return {key: bounded(item, field) for key, item in value.items()}
    if isinstance(value, list):
        return [bounded(item, field) for item in value]
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise Invalid(**{field: "contains a whole number of more than 63 bits"})
    return value
