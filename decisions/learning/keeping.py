"""The records of the agents in the memory of a process, for the model that is live.

A model brings them along as they were when it was trained. What was said since is read page by page, by the index on
the time of reviews, and from then on at most every few seconds: no decision has a query of its own.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.db import DatabaseError, connection, transaction

from decisions.assessments import Known
from decisions.learning.data_set import said_since
from decisions.learning.features import Records
from decisions.learning.record import LAG, Book, Said

# How old records may become before they are read anew, and before nothing is told by them.
READ_SECONDS, STALE_SECONDS = 5.0, 60.0
# As many verdicts are read at once, in some milliseconds; as long as there are more, nothing is told.
PAGE = 2_000
# Where there is nothing to go by, and another thread reads, it is waited for so long.
WAIT_SECONDS = 0.1
NEVER = float("-inf")
logger = logging.getLogger(__name__)


class NotReady(Exception):
    """The records are not known well enough; the message says how."""


class Keeper:
    """Goes on from a book that holds all verdicts before `known_until`, in microseconds since 1970."""

    def __init__(self, settled: Book, known_until: int) -> None:
        self.settled, self.known_until = settled, known_until
        self.book = settled
        self.read_at, self.next_at = NEVER, NEVER
        self.turn = threading.Lock()

    def of(self, known: Known) -> Records:
        self.follow()
        if self.read_at == NEVER:
            raise NotReady("the agents' records are still being read")
        if self.age > STALE_SECONDS:
            raise NotReady(f"the agents' records were last read {self.age:.0f} s ago")
        return self.book.of(str(known.agent_id), known.task_type)

    @property
    def age(self) -> float:
        return time.monotonic() - self.read_at

    def follow(self) -> None:
        """One of all who come reads; the others go by what is there."""
        if time.monotonic() < self.next_at or connection.needs_rollback:
            return
        if self.turn.acquire(timeout=WAIT_SECONDS if self.age > STALE_SECONDS else 0):
            try:
                self.look()
            finally:
                self.turn.release()

    def look(self) -> None:
        now = time.monotonic()
        if now < self.next_at:
            return
        self.next_at = now + READ_SECONDS
        try:
            with apart():
                page = said_since(self.known_until, PAGE)
        except DatabaseError:
            logger.warning("the records of the agents could not be read", exc_info=True)
            return
        self.take_in(page)
        if len(page) == PAGE:
            self.next_at = now
        else:
            self.read_at = now

    def take_in(self, page: Sequence[Said]) -> None:
        if page:
            self.known_until = max(self.known_until, settled_until(page))
        self.settled.add(said for said in page if said.at < self.known_until)
        book = self.settled.copy()
        book.add(said for said in page if said.at >= self.known_until)
        self.book = book


def settled_until(page: Sequence[Said]) -> int:
    """What was said before it is complete; what was said since is read again the next time."""
    first, last = page[0].at, page[-1].at
    if len(page) < PAGE:
        return last - LAG
    return last if last > first else last + 1


def apart() -> AbstractContextManager[Any]:
    """In a transaction: what goes wrong here is nothing to it."""
    return transaction.atomic() if connection.in_atomic_block else nullcontext()
