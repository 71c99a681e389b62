"""Which format the bytes of a model have, by what is in them. What runs code when it is read is not kept at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import IO

import msgspec

from mlregistry.artifacts import Unusable
from mlregistry.safe_models import refuse_untrusted

KEPT = ("skops", "onnx", "json", "safetensors")
ADVICE = f"Send one of {', '.join(KEPT)}."
ZIP = b"PK\x03\x04"
# By their first bytes. A pickle of the oldest kind has no sign of its own: it is refused for being none of ours.
REFUSED = {
    b"\x80": "a pickle, which runs code when it is read",
    b"\x93NUMPY": "an array of numpy, which may hold a pickle",
    b"\x1f\x8b": "compressed, as joblib's pickles are",
    b"\x78": "compressed, as joblib's pickles are",
    b"BZh": "compressed, as joblib's pickles are",
    b"\xfd7zXZ": "compressed, as joblib's pickles are",
    b"\x04\x22\x4d\x18": "compressed, as joblib's pickles are",
    b"\x89HDF": "an HDF5 file, which may hold code",
}
LONGEST_HEADER = 1_000_000
# Of ONNX's ModelProto: all its fields by number; the graph is one of them.
ONNX_FIELDS, ONNX_GRAPH, ONNX_VERSION = {1, 2, 3, 4, 5, 6, 7, 8, 14, 20, 25, 26}, 7, 1
# The graph is one of them, however large; functions and metadata have one each.
MOST_FIELDS = 10_000
VARINT, FIXED_64, LENGTH, FIXED_32 = 0, 1, 2, 5
WIDTHS = {FIXED_64: 8, FIXED_32: 4}


class WrongFormat(Exception):
    """The file is of no format that is kept; the message tells people which it seems to be."""


def format_of(file: IO[bytes], size: int) -> str:
    """One of KEPT; WrongFormat or Unusable says why it is none."""
    file.seek(0)
    head = file.read(16)
    if is_safetensors(file, size, head):
        return "safetensors"
    if head.startswith(ZIP):
        refuse_other_zip(file)
        return "skops"
    if head.lstrip()[:1] in {b"{", b"["}:
        refuse_broken_json(file)
        return "json"
    for sign, word in REFUSED.items():
        if head.startswith(sign):
            raise WrongFormat(f"The file is {word}. {ADVICE}")
    if is_onnx(file, size):
        return "onnx"
    raise WrongFormat(f"The file is of none of the formats that are kept. {ADVICE}")


def refuse_other_zip(file: IO[bytes]) -> None:
    try:
        refuse_untrusted(file)
    except Unusable as error:
        raise WrongFormat(
            f"The file is a zip, and no model of skops that is trusted: {error}."
        ) from error


def refuse_broken_json(file: IO[bytes]) -> None:
    file.seek(0)
    content = file.read()
    try:
        content.decode()
        msgspec.json.decode(content, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongFormat(f"The file begins like JSON and is none: {error}.") from error


def is_safetensors(file: IO[bytes], size: int, head: bytes) -> bool:
    """Eight bytes with the length of a header, and the header, which is JSON."""
    length = int.from_bytes(head[:8], "little")
    if head[8:9] != b"{" or not 2 <= length <= min(LONGEST_HEADER, size - 8):
        return False
    file.seek(8)
    with suppress(ValueError, RecursionError):
        return isinstance(json.loads(file.read(length)), dict)
    return False


def is_onnx(file: IO[bytes], size: int) -> bool:
    """It carries no sign: but the fields of its outermost message fill the file exactly, and a graph is among them."""
    file.seek(0)
    try:
        found = list(islice(fields(file, size), MOST_FIELDS + 1))
    except ValueError:
        return False
    return len(found) <= MOST_FIELDS and found[:1] == [ONNX_VERSION] and ONNX_GRAPH in found


def fields(file: IO[bytes], size: int) -> Iterator[int]:
    """The numbers of the fields of a model of ONNX; ValueError at the first that is none of it."""
    while file.tell() < size:
        field, kind = divmod(varint(file), 8)
        if field not in ONNX_FIELDS or kind not in {VARINT, FIXED_64, LENGTH, FIXED_32}:
            raise ValueError("no field of a model of ONNX")
        number = WIDTHS.get(kind) or varint(file)
        if kind != VARINT:
            skip(file, number, size)
        yield field


def skip(file: IO[bytes], length: int, size: int) -> None:
    if length > size - file.tell():
        raise ValueError("the field is longer than the file")
    file.seek(length, 1)


def varint(file: IO[bytes]) -> int:
    value = 0
    for shift in range(0, 64, 7):
        byte = file.read(1)
        if not byte:
            break
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("no whole number of protobuf")
