"""Models of scikit-learn without pickle: read by skops, and only when every type in them is on a list."""

from __future__ import annotations

import io
import json
import zipfile
from functools import cache
from importlib import import_module
from typing import IO, Any

from django.conf import settings

from mlregistry.artifacts import Unusable

# Besides what skops itself knows of scikit-learn and numpy: the parts of a calibrated classifier, which only calculate.
# Not the trees: they are read by compiled code that believes the numbers in them.
TRUSTED = ("sklearn.calibration._CalibratedClassifier", "sklearn.calibration._SigmoidCalibration")
SCHEMA = "schema.json"
MOST_MEMBERS = 10_000
# As objects of Python it takes thirty times as much.
LARGEST_SCHEMA = 5_000_000
SHOWN = 5


@cache
def skops() -> Any:
    """With the first model: loading it and scikit-learn takes seconds, which most processes never have to spend."""
    return import_module("skops.io")


def load_skops(content: bytes) -> Any:
    """The model in the file; Unusable when it is none, or has a type in it that is not on the list."""
    refuse_untrusted(io.BytesIO(content))
    try:
        return skops().loads(content, trusted=trusted())
    except Exception as error:  # a file that only looks like one fails in many ways
        raise Unusable(f"skops cannot read it: {error}") from error


def refuse_untrusted(file: IO[bytes]) -> None:
    """Looks at what the file says is in it, and makes none of it."""
    refuse_bomb(file)
    file.seek(0)
    try:
        found = set(skops().get_untrusted_types(data=file.read())) - set(trusted())
    except Exception as error:
        raise Unusable(f"skops cannot read it: {error}") from error
    if found:
        names = ", ".join(sorted(found)[:SHOWN])
        raise Unusable(f"it holds what is not on the list of trusted types: {names}")


def refuse_bomb(file: IO[bytes]) -> None:
    """A zip of stored members beside a schema, no larger than a model may become."""
    try:
        with zipfile.ZipFile(file) as archive:
            refuse_odd_members(archive.infolist())
            refuse_repeats(archive)
    except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
        raise Unusable("not a file of skops: no readable zip") from error
    except (ValueError, RuntimeError, EOFError) as error:
        raise Unusable(f"skops cannot read it: {error}") from error


def refuse_odd_members(members: list[zipfile.ZipInfo]) -> None:
    sizes = {member.filename: member.file_size for member in members}
    if SCHEMA not in sizes:
        raise Unusable(f"not a file of skops: no {SCHEMA} in it")
    if len(members) > MOST_MEMBERS or sum(sizes.values()) > settings.MODEL_MOST_BYTES:
        raise Unusable("it unpacks to more than a model may be")
    if any(member.compress_type != zipfile.ZIP_STORED for member in members):
        raise Unusable("it is compressed, which skops does only when it is asked to")
    if sizes[SCHEMA] > LARGEST_SCHEMA:
        raise Unusable(f"its {SCHEMA} is over {LARGEST_SCHEMA:,} bytes")


def refuse_repeats(archive: zipfile.ZipFile) -> None:
    """skops reads a member for each node that names it, and keeps all of them."""
    sizes = {member.filename: member.file_size for member in archive.infolist()}
    named: list[Any] = []
    json.loads(archive.read(SCHEMA), object_hook=lambda node: named.append(node.get("file")))
    read = sum(sizes.get(name, 0) for name in named if isinstance(name, str))
    if read > settings.MODEL_MOST_BYTES:
        raise Unusable("it unpacks to more than a model may be")


def trusted() -> list[str]:
    return [*TRUSTED, *settings.MODEL_TRUSTED_TYPES]
