"""Whether sign-ins are still good: one question for all sockets of a process that ask at about the same time."""

from __future__ import annotations

import asyncio
from functools import partial
from uuid import UUID

from agentic.authentication import all_signed_in
from agentic.models import User
from oversight.feed import in_thread

TOGETHER_SECONDS = 0.1


class Looks:
    """Asked on the server's event loop alone, between two waits: no lock is needed."""

    def __init__(self) -> None:
        self.asked: set[UUID] = set()
        self.coming: asyncio.Task[dict[UUID, User]] | None = None

    async def who(self, sign_in_id: UUID) -> User | None:
        """As `agentic.authentication.signed_in`, by a look that begins after this was asked."""
        if self.coming is None:
            self.coming = asyncio.ensure_future(self.look())
        self.asked.add(sign_in_id)
        # A socket that goes away leaves the look to the others.
        return (await asyncio.shield(self.coming)).get(sign_in_id)

    async def look(self) -> dict[UUID, User]:
        await asyncio.sleep(TOGETHER_SECONDS)
        asked, self.asked, self.coming = self.asked, set(), None
        found: dict[UUID, User] = await in_thread(partial(all_signed_in, list(asked)))
        return found


looks = Looks()
