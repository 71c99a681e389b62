"""The files of models, by their content: MODEL_ROOT/sha256/ab/abcd…, written once, checked whenever they are read.

Nobody names a path: a file is asked for by its SHA-256 alone, so that no text from outside leads anywhere else.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple

from django.conf import settings

HEX = re.compile(r"[0-9a-f]{64}")
PIECE = 1 << 20
# A pipe in the place of a file would be waited for.
SAFELY = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Unusable(Exception):
    """The file of a model is not what it should be; the message tells people why."""


class Stored(NamedTuple):
    sha256: str
    size: int


class Incoming:
    """A file that is being written: it gets its place when it is whole, by what is in it."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file, self.hash, self.size, self.head = file, hashlib.sha256(), 0, b""

    def write(self, piece: bytes) -> None:
        self.head = self.head or piece[:PIECE]
        self.hash.update(piece)
        self.size += len(piece)
        self.file.write(piece)

    def keep(self) -> Stored:
        """From now on it is there for everybody, and stays after a loss of power."""
        self.file.flush()
        os.fsync(self.file.fileno())
        os.fchmod(self.file.fileno(), 0o440)
        sha256 = self.hash.hexdigest()
        place = place_of(sha256)
        place.parent.mkdir(parents=True, exist_ok=True)
        Path(self.file.name).replace(place)
        sync(place.parent)
        return Stored(sha256, self.size)


def store(content: bytes) -> Stored:
    with incoming() as file:
        file.write(content)
        return file.keep()


@contextmanager
def incoming() -> Iterator[Incoming]:
    """A new file on the disk of the others; gone afterwards, unless it was kept."""
    root().mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w+b", dir=root(), prefix=".incoming-", delete=False) as file:
        try:
            yield Incoming(file)
        finally:
            with suppress(FileNotFoundError):
                Path(file.name).unlink()


def read(sha256: str, most: int | None = None) -> bytes:
    """The content, up to `most` bytes (MODEL_MOST_BYTES unless told). Unusable says what is wrong."""
    bound = settings.MODEL_MOST_BYTES if most is None else most
    with opened(sha256) as file:
        content = file.read(bound + 1)
    if len(content) > bound:
        raise Unusable(f"the file is larger than {bound:,} bytes")
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Unusable("the file was changed: its SHA-256 is not the one that was registered")
    return content


def check(sha256: str) -> None:
    """Unusable unless the file is there as it was registered."""
    with checked(sha256):
        pass


@contextmanager
def checked(sha256: str) -> Iterator[IO[bytes]]:
    """The file at its beginning, after all of it was compared with its SHA-256."""
    with opened(sha256) as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != sha256:  # type: ignore[arg-type] # it reads IO too
            raise Unusable("the file was changed: its SHA-256 is not the one that was registered")
        file.seek(0)
        yield file


@contextmanager
def opened(sha256: str) -> Iterator[IO[bytes]]:
    """A plain file in its own place, and no link on the way to it."""
    if not HEX.fullmatch(sha256):
        raise Unusable("it has no file")
    place = place_of(sha256)
    if place.parent.resolve() != root().resolve() / place.parent.relative_to(root()):
        raise Unusable("the folder of the file is a link")
    try:
        number = os.open(place, SAFELY)
    except FileNotFoundError as error:
        raise Unusable("the file is missing") from error
    except OSError as error:
        raise Unusable("the file cannot be read, or is a link") from error
    with os.fdopen(number, "rb") as file:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise Unusable("this is no plain file")
        yield file


def place_of(sha256: str) -> Path:
    return root() / "sha256" / sha256[:2] / sha256


def root() -> Path:
    return Path(settings.MODEL_ROOT)


def sync(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
