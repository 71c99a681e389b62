"""In the embedded default one server at most uses a data folder, and says there where it answers."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "server.address"


class RunsAlready(Exception):
    """Another server uses this data folder."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__(f"A server uses this data already: {address}")


@contextmanager
def the_only_server(folder: Path, address: str) -> Iterator[None]:
    """Hold the folder; RunsAlready when somebody else does. The lock ends with its process, however that ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / NAME).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunsAlready((folder / NAME).read_text()) from error
        file.truncate(0)
        file.write(address)
        file.flush()
        yield


def address_of_server(folder: Path) -> str | None:
    """Where the server that holds this folder answers; None when there is none."""
    try:
        with (folder / NAME).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (folder / NAME).read_text() or None
    except FileNotFoundError:
        pass
    return None
