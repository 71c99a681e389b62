"""Claim what is due, send it outside of any transaction, and settle what came of it.

At least once: a process that is killed between the sending and the settling leaves its claim behind, and when that
has run out the message is sent once more, with the same id. One process sends at a time, so that slow receivers keep
one worker busy, for seconds, and never all of them; two at once would only be faster.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber

from agentic.clock import Now, seconds_from_now
from agentic.ids import new_id
from decisions.models import Escalation
from oversight.models import WAITS, Kind, Notice, NoticeReader, Outcome, Topic
from oversight.notifications.audience import Audience
from oversight.notifications.following import follow
from oversight.notifications.outside import Undelivered
from oversight.notifications.ways import send

# Seconds from one try to the next; after the last one it has failed.
BACKOFF = (10, 60, 5 * 60, 30 * 60, 2 * 3600)
# Longer than a run takes in which every receiver is silent.
CLAIM_SECONDS = 60
# At one go, each in a thread: so a run takes as long as the slowest of them.
MOST_LETTERS = 16
# A receiver that is silent holds up so many of them, not all. What one reader gets by e-mail becomes one letter.
MOST_WEBHOOKS, MOST_IN_ONE_EMAIL = 4, 200
NEVER_SAID = ("task__title", "task__description", "task__payload", "task__result")
logger = logging.getLogger(__name__)
Letter = list[Notice]


def notify() -> bool:
    """One tick: make what is to be sent, and send what is due. Whether there is more."""
    more = follow()
    stop_unwanted()
    if not due().exists():
        return more
    with alone() as granted:
        return (granted and send_due() and due().exists()) or more


def due() -> QuerySet[Notice]:
    return Notice.objects.filter(WAITS, due_at__lte=Now())


def wanted() -> Q:
    """Tests, and escalations that nobody has acknowledged or ended since."""
    same = Escalation.objects.filter(
        task=OuterRef("task"), resolved_at__isnull=True, opened_at__lte=OuterRef("occurred_at")
    )
    unseen = Q(acknowledged_at__isnull=True) | Q(acknowledged_at__lt=OuterRef("occurred_at"))
    return Q(topic=Topic.TEST) | Q(Exists(same.filter(unseen)))


def stop_unwanted() -> int:
    """Somebody looks after it. What is on its way at this moment is left to whoever sends it."""
    free = Notice.objects.filter(WAITS & (Q(claim__isnull=True) | Q(due_at__lte=Now())))
    return end(free.exclude(wanted()), Outcome.STOPPED, "acknowledged or over")


def end(notices: QuerySet[Notice], outcome: Outcome, error: str = "") -> int:
    return notices.update(outcome=outcome, error=error, due_at=None, claim=None, ended_at=Now())


@contextmanager
def alone() -> Iterator[bool]:
    """Whether it is this process's turn to send; for a minute at most, if it dies."""
    reader = NoticeReader.objects.filter(pk=1)
    free = Q(sending_until__isnull=True) | Q(sending_until__lte=Now())
    granted = reader.filter(free).update(sending_until=seconds_from_now(CLAIM_SECONDS)) == 1
    try:
        yield granted
    finally:
        if granted:
            reader.update(sending_until=None)


def send_due() -> bool:
    """Whether there was anything for us."""
    token = new_id()
    claimed = claim(token)
    letters = list(in_letters(still_allowed(claimed)))
    with ThreadPoolExecutor(MOST_LETTERS) as pool:
        sent: dict[Future[None], Letter] = {pool.submit(send, one): one for one in letters}
        for future in as_completed(sent):
            settle(sent[future], future.exception(), token)
    return bool(claimed)


def claim(token: UUID) -> list[Notice]:
    """Ours, unless somebody was faster; with all that the sending takes, as no thread asks the database."""
    mine = due().filter(wanted(), pk__in=chosen())
    mine.update(claim=token, attempts=F("attempts") + 1, due_at=seconds_from_now(CLAIM_SECONDS))
    taken = Notice.objects.filter(claim=token).select_related("target", "person", "task")
    return list(taken.defer(*NEVER_SAID).order_by("occurred_at", "pk"))


def chosen() -> list[UUID]:
    """As many as make up a run."""
    letters: set[Any] = set()
    ids = []
    for pk, kind, *reader in fair_shares().values_list("pk", "kind", "target", "person"):
        letters.add(pk if kind == Kind.WEBHOOK else tuple(reader))
        if len(letters) > MOST_LETTERS:
            break
        ids.append(pk)
    return ids


def fair_shares() -> QuerySet[Notice]:
    """Of each reader's the oldest: whoever has thousands waiting does not stand in the others' way."""
    place = Window(
        RowNumber(), partition_by=[F("target"), F("person")], order_by=[F("due_at"), F("pk")]
    )
    most = Case(
        When(kind=Kind.EMAIL, then=Value(MOST_IN_ONE_EMAIL)),
        default=Value(MOST_WEBHOOKS),
        output_field=IntegerField(),
    )
    return due().annotate(place=place, most=most).filter(place__lte=F("most")).order_by("due_at")


def still_allowed(notices: Iterable[Notice]) -> Iterator[Notice]:
    """With the roles of this moment."""
    audience = Audience()
    for notice in notices:
        if refusal := audience.refusal(notice):
            end(Notice.objects.filter(pk=notice.pk), Outcome.STOPPED, refusal)
        else:
            yield notice


def in_letters(notices: Iterable[Notice]) -> Iterator[Letter]:
    """Each webhook by itself; what one reader gets by e-mail at this moment together."""

    def reader(notice: Notice) -> tuple[Any, ...]:
        alone = notice.pk if notice.kind == Kind.WEBHOOK else notice.topic == Topic.TEST
        return str(notice.target_id), str(notice.person_id), str(alone)

    for _, together in groupby(sorted(notices, key=reader), key=reader):
        yield list(together)


def settle(letter: Letter, error: BaseException | None, token: UUID) -> None:
    """Only what is still ours: a claim that ran out may be another's by now."""
    mine = Notice.objects.filter(claim=token, pk__in=[notice.pk for notice in letter])
    if error is None:
        end(mine, Outcome.SENT)
        return
    if not isinstance(error, Undelivered):
        logger.error("a notice could not be sent", exc_info=error)
        error = Undelivered("it broke on our side")
    for notice in letter:
        put_off(mine.filter(pk=notice.pk), notice.attempts, error)


def put_off(one: QuerySet[Notice], attempts: int, error: Undelivered) -> None:
    if error.final or attempts > len(BACKOFF):
        end(one, Outcome.FAILED, error.why)
        return
    due_at = seconds_from_now(BACKOFF[attempts - 1])
    one.update(due_at=due_at, claim=None, error=error.why)
