"""What a host's name stands for, found within a time limit, which the system's own look-up does not have.

A look-up that takes too long is left to itself: it ends when the system gives up. Of such there are so many at most,
and whoever comes then waits for one of them to end.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future
from threading import BoundedSemaphore, Thread

MOST_AT_ONCE = 32
places = BoundedSemaphore(MOST_AT_ONCE)


class TooSlow(Exception):
    """The name was not found in time."""


def addresses_within(seconds: float, host: str, port: int) -> list[str]:
    """TooSlow, or whatever `socket.getaddrinfo` raises."""
    found: Future[list[str]] = Future()
    deadline = time.monotonic() + seconds
    if not places.acquire(timeout=seconds):
        raise TooSlow
    begin(found, host, port)
    try:
        return found.result(deadline - time.monotonic())
    except TimeoutError as error:
        if found.done():  # by the look-up's own
            raise
        raise TooSlow from error


def begin(found: Future[list[str]], host: str, port: int) -> None:
    # A daemon: the process need not wait for it to stop.
    thread = Thread(target=look_up, args=(found, host, port), daemon=True)
    try:
        thread.start()
    except RuntimeError:  # the system has no thread left
        places.release()
        raise


def look_up(found: Future[list[str]], host: str, port: int) -> None:
    try:
        entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found.set_result([str(entry[4][0]) for entry in entries])
    except Exception as error:  # noqa: BLE001 - it belongs to whoever waits
        found.set_exception(error)
    finally:
        places.release()
