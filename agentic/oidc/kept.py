"""A document of the provider, fetched when it is first asked for and kept for a while."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from agentic.oidc.errors import ProviderDown

FRESH = 600.0  # seconds for which nobody asks again
PAUSE = 10.0  # seconds after a failure: a provider that is down must not hold up a thread for each request

Document = TypeVar("Document")
logger = logging.getLogger(__name__)


class Kept(Generic[Document]):
    """Whoever asks while it is being fetched waits for that one answer."""

    def __init__(
        self, fetch: Callable[[], Document], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.fetch, self.clock = fetch, clock
        self.lock = threading.Lock()
        self.document: Document | None = None
        self.fetched_at = self.failed_at = float("-inf")

    def get(self, *, at_most: float = FRESH) -> Document:
        """The document, at most so many seconds old; ProviderDown when it cannot be had."""
        with self.lock:
            if self.document is None or self.clock() - self.fetched_at >= at_most:
                self.document = self.fetched()
                self.fetched_at = self.clock()
            return self.document

    def fetched(self) -> Document:
        if self.clock() - self.failed_at < PAUSE:
            raise ProviderDown("it did not answer a moment ago")
        try:
            return self.fetch()
        except ProviderDown as error:
            self.failed_at = self.clock()
            logger.warning("the identity provider is of no use: %s", error.reason)
            raise
