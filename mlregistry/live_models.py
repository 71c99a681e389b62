"""The live version of a model, kept in the memory of each process and followed within seconds.

`get` is called for every decision: it asks the database at most once in LOOK_SECONDS, and never waits long for a file.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, transaction

from agentic.actors import Actor, ActorKind, Source
from agentic.transitions import record
from agentic.vocabulary import EventType
from mlregistry import artifacts
from mlregistry.artifacts import Unusable
from mlregistry.models import RegisteredModel
from mlregistry.services.activation import event_of, told, wait_for_turn

LOOK_SECONDS = 2.0
# What loads in this time is in use for the very decision that found it; whatever takes longer loads by itself.
WAIT_SECONDS = 0.25
# A file that was unusable may have been put back.
RETRY_SECONDS = 30.0
NEVER = float("-inf")
PLATFORM = Actor(ActorKind.SYSTEM, None, "platform", Source.COMMAND)

Made = TypeVar("Made")
logger = logging.getLogger(__name__)


class Loaded(NamedTuple, Generic[Made]):
    """A version in use, with what its file was made into."""

    version: str
    model: Made


class Present(NamedTuple, Generic[Made]):
    """What a process has of a model: `loaded`, or why there is none; `broken` is the version that does not load."""

    loaded: Loaded[Made] | None = None
    missing: str = "nobody has looked yet"
    broken: UUID | None = None


class Live(NamedTuple):
    """The row of the version that is live, as far as it matters here."""

    pk: UUID
    version: str
    sha256: str
    training_job_id: UUID | None


class LiveModel(Generic[Made]):
    """Whichever version of `name` is live, made by `load` from the bytes of its file."""

    def __init__(self, name: str, load: Callable[[bytes], Made]) -> None:
        self.name, self.load = name, load
        self.turn = threading.Lock()
        self.forget()
        LIVE_MODELS.append(self)

    def forget(self) -> None:
        """As if the process had just begun."""
        self.present: Present[Made] = Present()
        self.wanted: UUID | None = None
        self.looked_at, self.tried_at = NEVER, NEVER
        self.told: set[UUID] = set()

    def get(self) -> Loaded[Made] | None:
        if time.monotonic() - self.looked_at >= LOOK_SECONDS and not connection.needs_rollback:
            self.look()
        return self.present.loaded

    @property
    def missing(self) -> str:
        """Why `get` had nothing to give."""
        return self.present.missing

    @property
    def is_broken(self) -> bool:
        """Whether what is live could not be loaded here."""
        return self.present.broken is not None

    @property
    def state(self) -> str:
        loaded = self.present.loaded
        return f"{loaded.version} is in use" if loaded else self.missing

    def look(self) -> None:
        """One of all who come looks; only the first of a process are waited for."""
        if not self.turn.acquire(blocking=self.looked_at == NEVER):
            return
        try:
            if time.monotonic() - self.looked_at >= LOOK_SECONDS:
                self.looked_at = time.monotonic()
                self.follow(live_row(self.name))
        finally:
            self.turn.release()

    def follow(self, live: Live | None) -> None:
        if live is None:
            self.wanted, self.present = None, Present(missing="no version is live")
            return
        if live.pk != self.wanted or self.is_worth_another_try():
            self.wanted, self.tried_at = live.pk, time.monotonic()
            if self.present.loaded is None:
                self.present = Present(missing=f"version {live.version} is being loaded")
            taking = threading.Thread(target=self.take_up, args=[live], daemon=True)
            taking.start()
            taking.join(WAIT_SECONDS)
        if self.present.broken and self.present.broken not in self.told:
            # Not among what the caller is about: it must not fail by this, nor this be undone with it.
            transaction.on_commit(partial(self.tell, live, self.present.missing), robust=True)

    def is_worth_another_try(self) -> bool:
        return bool(self.present.broken) and time.monotonic() - self.tried_at >= RETRY_SECONDS

    def take_up(self, live: Live) -> None:
        """Until this is done, the version before it stays in use."""
        try:
            made = self.load(content_of(live))
            present: Present[Made] = Present(Loaded(live.version, made), "")
        except Exception as error:  # noqa: BLE001 # whatever a loader trips over
            logger.warning("%s %s is unusable: %s", self.name, live.version, error)
            present = Present(
                missing=f"version {live.version} is unusable: {error}", broken=live.pk
            )
        if self.wanted == live.pk:
            self.present = present

    def tell(self, live: Live, reason: str) -> None:
        """Once for each version in each process."""
        if live.pk in self.told:
            return
        self.told.add(live.pk)
        with transaction.atomic():
            wait_for_turn(self.name)
            model = RegisteredModel.objects.get(pk=live.pk)
            story = {**told(model), "reason": reason}
            record(event_of(model, EventType.MODEL_UNUSABLE, story), actor=PLATFORM)


LIVE_MODELS: list[LiveModel[Any]] = []


def live_row(name: str) -> Live | None:
    columns = RegisteredModel.objects.values_list(*Live._fields)
    row = columns.filter(name=name, is_active=True).first()
    return row and Live(*row)


def content_of(live: Live) -> bytes:
    """Only what a trainer of this platform wrote is ever loaded, and only as it wrote it."""
    if live.training_job_id is None:
        raise Unusable("no training job of this platform made its file")
    return artifacts.read(live.sha256)
