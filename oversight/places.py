"""Places for sockets: so many of one person in one process, those of the API and those of pages together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.conf import settings

from oversight.connection import TOO_MANY, Closed


class Places:
    """Asked on the server's event loop alone, between two waits: no lock is needed."""

    def __init__(self) -> None:
        self.taken: Counter[UUID] = Counter()

    @contextmanager
    def taken_by(self, user_id: UUID) -> Iterator[None]:
        """One place for as long as the block lasts; Closed when this person has none left."""
        limit: int = settings.SOCKETS_PER_PERSON
        if limit and self.taken[user_id] >= limit:
            raise Closed(TOO_MANY, f"At most {limit} sockets at once: close another one.")
        self.taken[user_id] += 1
        try:
            yield
        finally:
            self.taken[user_id] -= 1
            if not self.taken[user_id]:
                del self.taken[user_id]


places = Places()
